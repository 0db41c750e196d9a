"""How a larger network starts with the function of a smaller one that was trained.

The larger network has more channels, larger kernels, more blocks, or attentions that
the smaller one lacks. Channels that both have come first in each tensor, and what is
new is not read by them at first, so both give equal outputs before the first step:

* a new channel has fresh weights, and the old channels read it with weights 0;
* a kernel lies in the larger one where it reads the same pixels, with zeros around it;
* a new block passes its input on: its branch ends in zeros or, without a shortcut, its
  convolutions and its norm are the identity;
* a new gate is sigmoid(0), one half, and what it multiplies is doubled by the layer
  before it.

Where a layer reads all channels at once (layer norm, self-attention, mean over
channels), their number cannot grow: such a network is refused with the reason.

Source: Chen et al. (2016), https://arxiv.org/abs/1511.05641 (Net2Net), with zeros for
what is new instead of copied channels, which need noise to become different.
"""

from __future__ import annotations

from collections.abc import Mapping

from kedro_nas.space.architecture import Architecture, Stage
from kedro_nas.space.formulas import Shape, strided
from kedro_nas.space.growing_graph import GrowingGraph, GrowthError, LayerStart
from kedro_nas.space.inserted_layers import start_inserted_layers
from kedro_nas.space.layer_graph import Node
from kedro_nas.space.layers import LayerArguments

_READS_ALL_CHANNELS = frozenset(
    {
        "LayerNormalization",
        "MultiHeadAttention",
        "Conv1D",
        "Concatenate",
        "GlobalAveragePooling1D",
        "GlobalMaxPooling1D",
    }
)
_WEIGHTED = frozenset(
    {
        "Conv2D",
        "DepthwiseConv2D",
        "Conv1D",
        "Dense",
        "BatchNormalization",
        "LayerNormalization",
        "MultiHeadAttention",
    }
)
_MAY_GROW = ("filters", "units", "kernel_size")
_FOLLOWS = ("target_shape",)  # from the number of channels


def plan_growth(small: Architecture, large: Architecture) -> dict[str, LayerStart]:
    """Return with what each layer of a grown network starts.

    Args:
        small: The trained network.
        large: The network that is to start with its function.

    Returns:
        By name of a layer; those not named start from fresh weights.

    Raises:
        GrowthError: The second is no growth of the first; names the reason.
    """
    if not may_grow(small, large):
        raise GrowthError(
            f"'{large.describe()}' is no growth of '{small.describe()}'",
            allowed="the same blocks, strides, activation and pooling, with no smaller "
            "width, kernel or depth, without custom blocks and pretrained weights",
        )
    graph = GrowingGraph.of(small, large)
    for name in graph.small:
        if name not in graph.large:
            raise GrowthError(f"the larger network has no layer {name}")
    for name, node in graph.small.items():
        start = _inherited(graph, node, graph.large[name])
        if node.kind in _WEIGHTED:
            graph.starts[name] = start
    passes = start_inserted_layers(graph)
    for name, node in graph.small.items():
        reads = tuple(_passed_on(one, passes) for one in graph.large[name].inputs)
        if reads != node.inputs:
            raise GrowthError(f"{name} reads other layers in the larger network")
    return graph.scaled_starts()


def may_grow(small: Architecture, large: Architecture) -> bool:
    """Return whether a network can be a growth of another one, by their values alone.

    `plan_growth` looks at the layers and may still refuse it.
    """
    pair = (small, large)
    if any(one.backbone or one.custom_model or one.custom_blocks for one in pair):
        return False
    same = (
        (one.input_shape, one.n_classes, one.activation, len(one.stages))
        for one in pair
    )
    heads = ((one.head.pooling, bool(one.head.dense), one.stem.stride) for one in pair)
    return (
        len(set(same)) == len(set(heads)) == 1
        and small.network_key != large.network_key
        and small.stem.width <= large.stem.width
        and small.stem.kernel_size <= large.stem.kernel_size
        and small.head.dense <= large.head.dense
        and all(map(_stage_may_grow, small.stages, large.stages))
    )


def _stage_may_grow(small: Stage, large: Stage) -> bool:
    return (
        (small.block, small.stride) == (large.block, large.stride)
        and small.attention in {"none", large.attention}
        and small.depth <= large.depth
        and small.width <= large.width
        and small.kernel_size <= large.kernel_size
    )


def _passed_on(name: str, passes: Mapping[str, str]) -> str:
    """Return the old layer whose output a new one gives back."""
    while name in passes:
        name = passes[name]
    return name


def _inherited(graph: GrowingGraph, small: Node, large: Node) -> LayerStart:
    """Return how a layer takes the weights of the one of its name.

    Raises:
        GrowthError: It is of another kind, smaller, or reads all channels of an input
            that has more of them.
    """
    if small.kind != large.kind:
        raise GrowthError(f"{small.name} is {small.kind}, then {large.kind}")
    for argument, value in small.layer.config.items():
        then = large.layer.config[argument]
        grows = argument in _MAY_GROW and then >= value
        if then != value and not grows and argument not in _FOLLOWS:
            raise GrowthError(f"{argument} of {small.name} is {value}, then {then}")
    old = graph.read_shape(small, is_large=False)
    new = graph.read_shape(large, is_large=True)
    if old != new and (
        small.kind in _READS_ALL_CHANNELS or old[:-1] != new[:-1] or old[-1] > new[-1]
    ):
        raise GrowthError(f"{small.name} reads {old}, then {new}")
    if small.kind in {"Conv2D", "DepthwiseConv2D"}:
        return LayerStart("inherited", offset=_offset(small, large, new))
    first = graph.small.get(small.inputs[0])
    is_flat = first is not None and first.kind == "Flatten"
    return LayerStart("inherited", positions=old[0] * old[1] if is_flat else 1)


def _offset(small: Node, large: Node, read: Shape) -> tuple[int, int]:
    """Return where a kernel lies in a larger one that reads the same pixels."""
    old, new = small.layer.config, large.layer.config
    height, width = read[:2]
    return (
        _padding(new, height) - _padding(old, height),
        _padding(new, width) - _padding(old, width),
    )


def _padding(config: LayerArguments, side: int) -> int:
    """Return the rows before the first one that `same` padding adds."""
    stride, kernel = int(config["strides"]), int(config["kernel_size"])
    return max(0, (strided(side, stride) - 1) * stride + kernel - side) // 2
