"""Costs of a Keras model, for networks and blocks that no formula counts.

A model of well-known layers is counted layer by layer, which takes half the time;
anything else on TensorFlow's traced graph, operation by operation. The graph count
has no code in common with the formulas of `space.formulas`; tests hold one to the
other.
"""

from __future__ import annotations

import math
from typing import Any

from kedro_nas.space.cost_meter import MeasuredCost

_KERNEL_RANK = 2
_KERNEL_LAYERS = frozenset({"Conv1D", "Conv2D", "DepthwiseConv2D", "Dense"})
_FREE_LAYERS = frozenset(
    {
        "InputLayer",
        "BatchNormalization",
        "LayerNormalization",
        "Activation",
        "ReLU",
        "Dropout",
        "Add",
        "Multiply",
        "Concatenate",
        "Reshape",
        "Flatten",
        "Permute",
        "MaxPooling2D",
        "AveragePooling2D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "ZeroPadding2D",
    }
)


def measure_model(model: Any) -> MeasuredCost:
    """Measure a Keras model of one input whose layers are all in its graph.

    A model of well-known layers is counted by them, any other on its traced graph.
    """
    return MeasuredCost(
        params=int(model.count_params()),
        macs=int(_known_macs(model) or count_graph_macs(model)),
        depth=sum(map(_has_kernel, model.layers)),
        values=max(map(_values, model.layers)),
    )


def measure_nested_model(model: Any) -> MeasuredCost:
    """Measure a Keras model of one input that may contain models.

    MACs are those of the traced graph, in which the inside of a loop counts nothing.
    """
    layers = _leaves(model)
    return MeasuredCost(
        params=int(model.count_params()),
        macs=count_graph_macs(model),
        depth=sum(map(_has_kernel, layers)),
        values=max(_values(one) for one in layers if _is_connected(one)),
    )


def _leaves(model: Any) -> list[Any]:
    parts = getattr(model, "layers", None)
    return [leaf for part in parts for leaf in _leaves(part)] if parts else [model]


def _is_connected(layer: Any) -> bool:
    # layers inside a subclassed model are called by Python, not by a graph
    try:
        return layer.input is not None and layer.output is not None
    except (AttributeError, ValueError):
        return False


def _known_macs(model: Any) -> int | None:
    """Count layer by layer; None when a layer is not among the well known."""
    total = 0
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in _KERNEL_LAYERS:
            positions = math.prod(layer.output.shape[1:-1])
            total += positions * math.prod(layer.kernel.shape)
        elif kind == "MultiHeadAttention" and _is_self_attention(layer):
            total += _attention_macs(layer)
        elif kind not in _FREE_LAYERS:
            return None
    return total


def _is_self_attention(layer: Any) -> bool:
    inputs = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
    plain = layer.value_dim == layer.key_dim and len(layer.output.shape) == 3
    return plain and all(x is inputs[0] for x in inputs)


def _attention_macs(layer: Any) -> int:
    length, width = layer.output.shape[1:]
    inner = layer.num_heads * layer.key_dim
    return int(4 * length * width * inner + 2 * length * length * inner)


def count_graph_macs(model: Any) -> int:
    """Count the multiply-accumulates of one image on the traced graph.

    Args:
        model: A model of one input.
    """
    import tensorflow as tf

    spec = tf.TensorSpec((1, *model.inputs[0].shape[1:]), tf.float32)
    graph = tf.function(
        lambda x: model(x, training=False), autograph=False
    ).get_concrete_function(spec)
    return _graph_macs(graph.graph)


def _graph_macs(graph: Any) -> int:
    total = 0
    for operation in graph.get_operations():
        if operation.type in {"PartitionedCall", "StatefulPartitionedCall"}:
            # Keras puts grouped convolutions into functions of their own, to whose
            # graphs there is no public way.
            name = operation.get_attr("f").name
            total += _graph_macs(graph._get_function(name).graph)  # noqa: SLF001
        else:
            total += int(_operation_macs(operation))
    return total


def _operation_macs(operation: Any) -> Any:
    if operation.type in {"Conv2D", "DepthwiseConv2dNative"}:
        kernel = operation.inputs[1].shape.as_list()
        outputs = operation.outputs[0].shape.as_list()
        if operation.type == "Conv2D":
            return math.prod(outputs[1:]) * math.prod(kernel[:3])
        return math.prod(outputs[1:]) * math.prod(kernel[:2])
    if operation.type in {"MatMul", "BatchMatMulV2"}:
        first = operation.inputs[0].shape.as_list()
        flipped = operation.get_attr(
            "transpose_a" if operation.type == "MatMul" else "adj_x"
        )
        inner = first[-2] if flipped else first[-1]
        return math.prod(operation.outputs[0].shape.as_list()) * inner
    if operation.type == "Einsum":
        return _einsum_macs(operation)
    return 0


def _einsum_macs(operation: Any) -> int:
    terms = operation.get_attr("equation").decode().split("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, value in zip(terms, operation.inputs, strict=True):
        sizes.update(zip(term, value.shape.as_list(), strict=True))
    return math.prod(sizes.values())


def _has_kernel(layer: Any) -> bool:
    return any(len(weight.shape) >= _KERNEL_RANK for weight in layer.weights)


def _values(layer: Any) -> int:
    total = 0
    for tensors in (layer.input, layer.output):
        for tensor in tensors if isinstance(tensors, list | tuple) else [tensors]:
            total += math.prod(size or 1 for size in tensor.shape[1:])
    return total
