"""Costs measured on Keras models, for what no formula counts.

A model of well-known layers is counted layer by layer, which takes half the time; any
other on TensorFlow's traced graph, operation by operation. The graph count shares no
code with the formulas of `space.formulas`; tests compare the two.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from kedro_nas.models.custom_model import apply_custom_model
from kedro_nas.models.pretrained import apply_backbone
from kedro_nas.models.reproducible import call_custom_block, describe_block
from kedro_nas.space.architecture import Backbone, CustomModel
from kedro_nas.space.cost_meter import MeasuredCost
from kedro_nas.space.formulas import Shape
from kedro_nas.space.registry import Block, BlockArguments

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


class KerasCostMeter:
    """Measures costs by building with Keras; see `space.cost_meter.CostMeter`."""

    def measure_block(
        self, block: Block, shape: Shape, arguments: BlockArguments
    ) -> MeasuredCost:
        """Build a custom block over Keras tensors once and measure it.

        Raises:
            SearchSpaceError: The block raised, or its output has another shape than
                promised.
        """
        import keras

        x = keras.Input(shape)
        return measure_model(keras.Model(x, call_custom_block(block, x, arguments)))

    def measure_backbone(self, backbone: Backbone, image_shape: Shape) -> MeasuredCost:
        """Build a backbone once, without weights, and measure it.

        Its depth counts trained layers only: those unfrozen or reinitialised.
        """
        import keras

        pixels = keras.Input(image_shape)
        y = apply_backbone(backbone, pixels, load_weights=False)
        model = keras.Model(pixels, y)
        cost = measure_model(model.get_layer("backbone"))
        trained = max(backbone.unfrozen, backbone.reinitialised)
        return replace(
            cost, depth=min(cost.depth, trained), shape=tuple(model.output_shape[1:])
        )

    def measure_custom_model(
        self, model: CustomModel, image_shape: Shape, n_classes: int
    ) -> MeasuredCost:
        """Build a custom model once and measure it.

        Raises:
            SearchSpaceError: As `apply_custom_model`.
        """
        import keras

        pixels = keras.Input(image_shape)
        y = apply_custom_model(model, pixels, n_classes, bn_momentum=0.9, seed=None)
        return measure_nested_model(keras.Model(pixels, y))

    def describe_block(
        self, block: Block, shape: Shape, arguments: BlockArguments
    ) -> Any:
        """Return the layers of a custom block as JSON; see `describe_block`."""
        return describe_block(block, shape, arguments)


def measure_model(model: Any) -> MeasuredCost:
    """Return the costs of a Keras model of one input without models inside."""
    return MeasuredCost(
        params=int(model.count_params()),
        macs=int(_known_macs(model) or count_graph_macs(model)),
        depth=sum(map(_has_kernel, model.layers)),
        values=max(map(_values, model.layers)),
    )


def measure_nested_model(model: Any) -> MeasuredCost:
    """Return the costs of a Keras model of one input that may contain models.

    MACs are counted on the traced graph, which leaves out what is inside of loops.
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
    # layers inside a subclassed model are called by its code, not by a graph
    try:
        return layer.input is not None and layer.output is not None
    except (AttributeError, ValueError):
        return False


def _known_macs(model: Any) -> int | None:
    """Return the MACs counted layer by layer; None when a layer is not well known."""
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
    """Return the multiply-accumulates of one image, counted on the traced graph.

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
            # Keras puts grouped convolutions into functions, and TensorFlow has no
            # public access to their graphs
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
