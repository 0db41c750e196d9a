"""Formulas of the costs of each layer, from its input shapes and arguments.

Parameters are exact and include those that are not trained (BatchNorm: gamma, beta,
mean, variance). MACs are the multiply-accumulates of convolutions, dense layers and
attention at batch 1, including padding; norms, activations and sums have none, as they
are fused with other layers or cost much less. Depth counts weighted layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from kedro_nas.space.layers import Layer, LayerArguments
from kedro_nas.space.registry import BlockArguments

Shape = tuple[int, ...]


class LayerCost(NamedTuple):
    """Costs of one layer.

    Attributes:
        shape: Shape of the output without the batch axis.
        params: Parameters.
        macs: Multiply-accumulates.
        depth: Weighted layers.
        scratch: Values needed in addition to inputs and output, e.g. the scores of an
            attention.
    """

    shape: Shape
    params: int = 0
    macs: int = 0
    depth: int = 0
    scratch: int = 0


def layer_cost(layer: Layer, shapes: list[Shape]) -> LayerCost:
    """Count one layer.

    Args:
        layer: The layer.
        shapes: Shapes of its inputs without the batch axis.
    """
    return _FORMULAS[layer.kind](layer.config, shapes)


def strided(size: int, stride: int) -> int:
    """Return the side of a map after a stride with `same` padding, at least 1."""
    return -(-size // stride)


def block_output_shape(shape: Shape, arguments: BlockArguments) -> Shape:
    """Return the output shape of every block: strided, with `filters` channels."""
    height, width = (strided(side, arguments.stride) for side in shape[:2])
    return (height, width, arguments.filters)


def _conv2d(config: LayerArguments, shapes: list[Shape]) -> LayerCost:
    height, width, channels = shapes[0]
    filters, area = config["filters"], config["kernel_size"] ** 2
    shape = (
        strided(height, config["strides"]),
        strided(width, config["strides"]),
        filters,
    )
    weights = area * channels * filters
    params = weights + filters * config["use_bias"]
    return LayerCost(shape, params, shape[0] * shape[1] * weights, 1)


def _depthwise(config: LayerArguments, shapes: list[Shape]) -> LayerCost:
    height, width, channels = shapes[0]
    shape = (
        strided(height, config["strides"]),
        strided(width, config["strides"]),
        channels,
    )
    weights = config["kernel_size"] ** 2 * channels
    params = weights + channels * config["use_bias"]
    return LayerCost(shape, params, shape[0] * shape[1] * weights, 1)


def _conv1d(config: LayerArguments, shapes: list[Shape]) -> LayerCost:
    length, channels = shapes[0]
    weights = config["kernel_size"] * channels * config["filters"]
    return LayerCost((length, config["filters"]), weights, length * weights, 1)


def _dense(config: LayerArguments, shapes: list[Shape]) -> LayerCost:
    *positions, width = shapes[0]
    units = config["units"]
    params = width * units + units * config["use_bias"]
    macs = math.prod(positions) * width * units
    return LayerCost((*positions, units), params, macs, 1)


def _attention(config: LayerArguments, shapes: list[Shape]) -> LayerCost:
    # query, key, value and output projections with bias; scores and weighted sum
    length, width = shapes[0]
    heads, inner = config["num_heads"], config["num_heads"] * config["key_dim"]
    params = 3 * (width * inner + inner) + inner * width + width
    macs = 4 * length * width * inner + 2 * length * length * inner
    scratch = 3 * length * inner + heads * length * length
    return LayerCost(shapes[0], params, macs, 2, scratch)


def _norm(per_channel: int) -> Callable[[LayerArguments, list[Shape]], LayerCost]:
    return lambda _, shapes: LayerCost(shapes[0], per_channel * shapes[0][-1])


def _same(_: LayerArguments, shapes: list[Shape]) -> LayerCost:
    return LayerCost(shapes[0])


def _pool(config: LayerArguments, shapes: list[Shape]) -> LayerCost:
    height, width, channels = shapes[0]
    size = config["pool_size"]
    return LayerCost((strided(height, size), strided(width, size), channels))


def _global_pool(config: LayerArguments, shapes: list[Shape]) -> LayerCost:
    channels = shapes[0][-1]
    return LayerCost((1, 1, channels) if config["keepdims"] else (channels,))


def _channel_pool(_: LayerArguments, shapes: list[Shape]) -> LayerCost:
    return LayerCost((shapes[0][0], 1))


def _concatenate(_: LayerArguments, shapes: list[Shape]) -> LayerCost:
    return LayerCost((*shapes[0][:-1], sum(shape[-1] for shape in shapes)))


def _reshape(config: LayerArguments, _: list[Shape]) -> LayerCost:
    return LayerCost(tuple(config["target_shape"]))


def _flatten(_: LayerArguments, shapes: list[Shape]) -> LayerCost:
    return LayerCost((math.prod(shapes[0]),))


_FORMULAS: dict[str, Callable[[LayerArguments, list[Shape]], LayerCost]] = {
    "Conv2D": _conv2d,
    "DepthwiseConv2D": _depthwise,
    "Conv1D": _conv1d,
    "Dense": _dense,
    "MultiHeadAttention": _attention,
    "BatchNormalization": _norm(4),
    "LayerNormalization": _norm(2),
    "Activation": _same,
    "Dropout": _same,
    "Add": _same,
    "Multiply": _same,
    "Concatenate": _concatenate,
    "MaxPooling2D": _pool,
    "AveragePooling2D": _pool,
    "GlobalAveragePooling2D": _global_pool,
    "GlobalMaxPooling2D": _global_pool,
    "GlobalAveragePooling1D": _channel_pool,
    "GlobalMaxPooling1D": _channel_pool,
    "Reshape": _reshape,
    "Flatten": _flatten,
}
