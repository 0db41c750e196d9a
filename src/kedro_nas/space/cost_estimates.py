"""Quick estimates of costs, with which draws are scaled before they are counted.

A block is counted once for each pair of widths, on one size of map, and scaled to
others by their positions; attentions are left out. That makes a few thousand distinct
blocks instead of the hundred thousand that `space.costs` would count, so an estimate
takes tens of microseconds. What is drawn is counted exactly afterwards.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Stage
from kedro_nas.space.choices import Values
from kedro_nas.space.costs import BYTES_PER_VALUE, Costs, Counter
from kedro_nas.space.encoding import read_stages
from kedro_nas.space.formulas import strided
from kedro_nas.space.network import run_block
from kedro_nas.space.registry import find_block

_SIDE = 16  # of the map that a block is counted to give


class _PartCost(NamedTuple):
    """Costs of a block or a stage whose output has 16 x 16 positions."""

    params: int
    macs: int
    depth: int
    values: int


def estimate_costs(
    values: Values, image_shape: tuple[int, int, int], n_classes: int
) -> Costs:
    """Estimate the costs of flat values without a pretrained backbone.

    Args:
        values: A value for every choice.
        image_shape: Height, width, channels.
        n_classes: Number of classes.

    Returns:
        Costs of which `depthwise_macs` is not estimated. A custom block over Keras
        tensors, which would have to be built, or one that fails counts as a plain
        convolution.
    """
    number: Any = values  # numbers where sizes are multiplied
    stride, channels = number["stem_stride"], number["stem_width"]
    height, width = strided(image_shape[0], stride), strided(image_shape[1], stride)
    params = number["stem_kernel_size"] ** 2 * image_shape[2] * channels
    macs = height * width * params
    depth = 1
    peak = height * width * channels
    for stage in read_stages(values):
        height, width = strided(height, stage.stride), strided(width, stage.stride)
        share = height * width / _SIDE**2
        counted = _count_stage(stage, channels, find_block(stage.block).function)
        channels = stage.width
        params += counted.params
        macs += counted.macs * share
        depth += counted.depth
        peak = max(peak, counted.values * share)
    features = channels * (height * width if values["head_pooling"] == "flatten" else 1)
    dense = number["head_dense"]
    scores = features * dense + dense * n_classes if dense else features * n_classes
    return Costs(
        params=int(params + scores),
        macs=int(macs + scores),
        depth=depth + 1 + bool(dense),
        memory_mb=peak * BYTES_PER_VALUE / 1e6,
    )


@lru_cache(maxsize=65_536)
def _count_stage(stage: Stage, channels: int, function: Any) -> _PartCost:
    """Count all blocks of a stage; a redefined one has another function."""
    first = _count_block(stage, channels, stage.stride, function)
    if stage.depth == 1:
        return first
    later, times = _count_block(stage, stage.width, 1, function), stage.depth - 1
    return _PartCost(
        params=first.params + times * later.params,
        macs=first.macs + times * later.macs,
        depth=first.depth + times * later.depth,
        values=max(first.values, later.values),
    )


@lru_cache(maxsize=65_536)
def _count_block(stage: Stage, channels: int, stride: int, function: Any) -> _PartCost:
    # stages that differ in what is left out share a count
    plain = stage.model_copy(update={"attention": "none", "depth": 1, "stride": 1})
    try:
        if not find_block(stage.block).takes_keras_tensors:
            return _count_plain(plain, channels, stride, function)
    except SearchSpaceError:
        pass  # reported by the exact count, which every draw has to pass
    as_conv = plain.model_copy(update={"block": "conv", "options": ()})
    return _count_plain(as_conv, channels, stride, find_block("conv").function)


@lru_cache(maxsize=65_536)
def _count_plain(stage: Stage, channels: int, stride: int, function: Any) -> _PartCost:
    del function  # part of the key of the cache only
    side = _SIDE * stride
    counter = Counter((side, side, channels))
    out = run_block(counter, stage, stride, "relu", counter.input)
    return _PartCost(counter.params, counter.macs, out.depth, counter.peak_values())
