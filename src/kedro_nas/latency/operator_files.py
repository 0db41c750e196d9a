"""LiteRT files of single operators, which a device times one by one.

Each is written as TensorFlow's converter writes the layer: an attention is sixteen
operators of LiteRT, a layer norm ten, swish two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro_nas.latency.litert_graph import LitertGraph, TensorRef
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.formulas import Shape
from kedro_nas.space.network import run_network
from kedro_nas.space.operators import ListedTensor, Operator, OperatorLister


def write_operator(operator: Operator) -> bytes:
    """Return a LiteRT file that runs one operator on one image.

    A ReLU is included where the operator absorbs it, as in most networks.

    Args:
        operator: What to run.

    Raises:
        ExportError: The LiteRT runtime is not installed.
    """
    graph = LitertGraph(1, *_input_shape(operator))
    return graph.pack(emit(graph, operator, [graph.input], _output_shape(operator)))


def write_network(architecture: Architecture) -> bytes:
    """Return a LiteRT file of a whole network with random weights.

    It has the operators that TensorFlow's converter would write, and takes as long; but
    it is written in milliseconds, and without TensorFlow.

    Args:
        architecture: A network of which every block is written over the vocabulary.

    Raises:
        ExportError: The LiteRT runtime is not installed.
        SearchSpaceError: Its layers are not known without building it.
    """
    writer = _NetworkWriter(architecture.input_shape)
    out = run_network(writer, architecture, writer.normalised())
    return writer.graph.pack(out.place)


class _NetworkWriter(OperatorLister):
    """Interpreter that writes each operator it lists."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.graph = LitertGraph(1, *shape)

    def normalised(self) -> ListedTensor:
        shape = self.input.shape
        height, width, channels = shape
        operator = Operator("batch_norm", height, width, channels, channels)
        place = self.emit(operator, [self.graph.input], shape)
        return self.input._replace(place=place)

    def emit(self, operator: Operator, inputs: list[Any], shape: Shape) -> TensorRef:
        return emit(self.graph, operator, inputs, shape)


def emit(
    graph: LitertGraph, operator: Operator, inputs: list[TensorRef], shape: Shape
) -> TensorRef:
    """Write one operator into a file, and return its output.

    Args:
        graph: The file.
        operator: The operator.
        inputs: Its inputs; a second one may be left out.
        shape: Shape of its output without the batch axis.
    """
    return _GRAPHS[operator.kind](graph, inputs, operator, shape)


def _output_shape(operator: Operator) -> Shape:
    """Return the output shape where it does not follow from the operator."""
    kind, height, width, channels = operator[:4]
    if kind == "reshape":
        return (height * width * channels,)
    if kind.startswith("global"):
        return (1, 1, channels)
    return (height, width, operator.filters)


def _input_shape(operator: Operator) -> tuple[int, ...]:
    height, width, channels = operator.height, operator.width, operator.channels
    if operator.kind in {"conv1d", "attention"}:
        return (height, channels)
    if operator.kind in {"dense", "softmax"} and height * width == 1:
        return (channels,)
    return (height, width, channels)


def _conv(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    return graph.conv(x, o.filters, o.kernel, o.stride)


def _depthwise(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    return graph.depthwise(x, o.kernel, o.stride)


def _dense(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    return graph.dense(x, o.filters)


def _conv1d(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    as_map = graph.reshape(x, 1, 1, o.height, o.channels)
    fan_in = o.kernel * o.channels
    weights = graph.kernel(o.filters, 1, o.kernel, o.channels, fan_in=fan_in)
    y = graph.apply(
        "CONV_2D",
        [as_map, weights, graph.constant(o.filters)],
        (1, 1, o.height, o.filters),
        "Conv2DOptions",
        strideH=1,
        strideW=1,
    )
    return graph.reshape(y, 1, o.height, o.filters)


def _attention(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    length, inner, heads = o.height, o.filters, o.kernel
    each = inner // heads
    flat = graph.reshape(x, length, o.channels)

    def split(order: tuple[int, ...]) -> TensorRef:
        y = graph.reshape(graph.dense(flat, inner), 1, length, heads, each)
        return graph.transpose(y, *order)

    query, key = split((0, 2, 1, 3)), split((0, 2, 3, 1))
    scores = graph.binary(
        "MUL", graph.matmul(query, key), graph.constant(1, around=0.25)
    )
    mixed = graph.matmul(graph.unary("SOFTMAX", scores), split((0, 2, 1, 3)))
    back = graph.reshape(graph.transpose(mixed, 0, 2, 1, 3), length, inner)
    return graph.reshape(graph.dense(back, o.channels), 1, length, o.channels)


def _batch_norm(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    y = graph.binary("MUL", x, graph.constant(o.channels, around=1.0))
    return graph.binary("ADD", y, graph.constant(o.channels), relu=True)


def _layer_norm(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    last = len(x.shape) - 1
    mean = graph.reduce("MEAN", x, last)
    spread = graph.binary("SQUARED_DIFFERENCE", x, mean)
    variance = graph.reduce("MEAN", spread, last)
    raised = graph.binary("ADD", variance, graph.constant(1, around=0.11), relu=True)
    gamma = graph.constant(o.channels, around=1.0)
    scale = graph.binary("MUL", graph.unary("RSQRT", raised), gamma)
    offset = graph.binary("MUL", graph.unary("NEG", mean), scale)
    offset = graph.binary("ADD", offset, graph.constant(o.channels))
    return graph.binary("ADD", graph.binary("MUL", x, scale), offset)


def _add(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    return graph.binary("ADD", x, inputs[-1], relu=True)


def _multiply(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    gate = inputs[-1]
    if len(inputs) == 1 and o.kernel:
        gate = graph.constant(1, 1, 1, o.channels)
    return graph.binary("MUL", x, gate)


def _concatenate(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    if len(inputs) > 1:
        return graph.concatenate(*inputs)
    return graph.concatenate(*[x] * max(1, round(o.filters / o.channels)))


def _reshape(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    return graph.reshape(x, 1, *shape)


def _silu(
    graph: LitertGraph, inputs: list[TensorRef], o: Operator, shape: Shape
) -> TensorRef:
    x = inputs[0]
    return graph.binary("MUL", x, graph.unary("LOGISTIC", x))


Writer = Callable[[LitertGraph, list[TensorRef], Operator, Shape], TensorRef]


def _pool(name: str) -> Writer:
    return lambda graph, x, o, _: graph.pool(name, x[0], o.kernel)


def _reduce(name: str, *axes: int) -> Writer:
    return lambda graph, x, _, shape: graph.reduce(
        name, x[0], *axes, keep=len(shape) + 1 == len(x[0].shape)
    )


def _unary(name: str) -> Writer:
    return lambda graph, x, _, __: graph.unary(name, x[0])


_GRAPHS: dict[str, Writer] = {
    "conv": _conv,
    "depthwise": _depthwise,
    "conv1d": _conv1d,
    "dense": _dense,
    "attention": _attention,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "add": _add,
    "multiply": _multiply,
    "concatenate": _concatenate,
    "max_pool": _pool("MAX_POOL_2D"),
    "average_pool": _pool("AVERAGE_POOL_2D"),
    "global_average_pool": _reduce("MEAN", 1, 2),
    "global_max_pool": _reduce("REDUCE_MAX", 1, 2),
    "channel_mean": _reduce("MEAN", -1),
    "channel_max": _reduce("REDUCE_MAX", -1),
    "reshape": _reshape,
    "relu": _unary("RELU"),
    "silu": _silu,
    "hard_silu": _unary("HARD_SWISH"),
    "gelu": _unary("GELU"),
    "sigmoid": _unary("LOGISTIC"),
    "softmax": _unary("SOFTMAX"),
}

KINDS = tuple(_GRAPHS)
"""Kinds of operators that can be timed alone."""
