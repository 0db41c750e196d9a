"""Parameters, MACs, depth and peak memory of an architecture by formula.

`Counter` is an interpreter of the layer vocabulary. As a network is a chain of
blocks, its costs are sums (memory: the maximum) over blocks, and each distinct block
is counted once per process, so that checking a draw takes microseconds.

Depth is the number of weighted layers (convolutions, dense layers; an attention has
two) on the longest path from pixels to classes, without gates, as in "ResNet-50".
Memory is the largest sum of activations needed at the same time at batch 1 in 32-bit
floats; norms, activations and sums work in place if their input is not used again.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from kedro_nas.space.architecture import (
    Architecture,
    Backbone,
    CustomModel,
    Head,
    Stage,
    Stem,
)
from kedro_nas.space.cost_meter import (
    MeasuredCost,
    backbone_cost,
    block_cost,
    custom_model_cost,
)
from kedro_nas.space.formulas import Shape, block_output_shape, layer_cost
from kedro_nas.space.layers import Layer, LayerVocabulary
from kedro_nas.space.network import run_block, run_closing, run_head, run_stem
from kedro_nas.space.registry import Block, BlockArguments, find_block

BYTES_PER_VALUE = 4
_NO_SCOPE = nullcontext()
_IN_PLACE = frozenset(
    {
        "BatchNormalization",
        "LayerNormalization",
        "Activation",
        "Dropout",
        "Add",
        "Multiply",
        "Reshape",
        "Flatten",
    }
)


@dataclass(frozen=True)
class Costs:
    """Costs of a network.

    Attributes:
        params: All parameters, including those that are not trained.
        macs: Multiply-accumulates for one image.
        depth: Weighted layers on the longest path.
        memory_mb: Peak of the activations at batch 1, in 10**6 bytes.
        depthwise_macs: MACs of depthwise convolutions, which are slow on a CPU.
        latency_ms: Predicted for a device, with the margin for the prediction error;
            None where no device is bounded.
    """

    params: int
    macs: int
    depth: int
    memory_mb: float
    depthwise_macs: int = 0
    latency_ms: float | None = None


class _Tensor:
    """Shape, depth (weighted layers before it) and index in the counter's record."""

    __slots__ = ("depth", "index", "shape")

    def __init__(self, shape: Shape, depth: int, index: int) -> None:
        self.shape = shape
        self.depth = depth
        self.index = index


class Counter(LayerVocabulary):
    """Interpreter that counts: tensors are shapes, layers add to the sums.

    Args:
        shape: Shape of the input without its batch axis.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.params = 0
        self.macs = 0
        self.depthwise_macs = 0
        self.input = _Tensor(shape, 0, 0)
        # per tensor: its values, scratch values, its inputs, whether made in place
        self._record: list[tuple[int, int, tuple[int, ...], bool]] = [
            (math.prod(shape), 0, (), False)
        ]

    def apply(self, layer: Layer, *inputs: _Tensor) -> _Tensor:
        """Count one layer."""
        cost = layer_cost(layer, [x.shape for x in inputs])
        self.params += cost.params
        self.macs += cost.macs
        if layer.kind == "DepthwiseConv2D":
            self.depthwise_macs += cost.macs
        # a gate, the second input of Multiply, does not count for the depth
        through = inputs[:1] if layer.kind == "Multiply" else inputs
        depth = max(x.depth for x in through) + cost.depth
        return self._note(
            cost.shape, depth, cost.scratch, inputs, in_place=layer.kind in _IN_PLACE
        )

    def backbone(self, backbone: Backbone, x: _Tensor) -> _Tensor:
        """Add the measured costs of a pretrained backbone."""
        cost = backbone_cost(backbone, x.shape)
        scratch = max(0, cost.values - math.prod(cost.shape))
        return self._measured(cost, cost.shape, scratch, x)

    def custom_block(
        self, block: Block, x: _Tensor, arguments: BlockArguments
    ) -> _Tensor:
        """Add the measured or stated costs of a custom block."""
        cost = block_cost(block, x.shape, arguments)
        shape = block_output_shape(x.shape, arguments)
        scratch = max(0, cost.values - math.prod(x.shape) - math.prod(shape))
        return self._measured(cost, shape, scratch, x)

    def _measured(
        self, cost: MeasuredCost, shape: Shape, scratch: int, x: _Tensor
    ) -> _Tensor:
        self.params += cost.params
        self.macs += cost.macs
        return self._note(shape, x.depth + cost.depth, scratch, (x,), in_place=False)

    def shape(self, x: _Tensor) -> Shape:
        """Return the shape of a tensor."""
        return x.shape

    def scope(self, name: str) -> AbstractContextManager[None]:
        """Do nothing, as names are not needed for counting."""
        return _NO_SCOPE

    def _name(self, word: str) -> str:
        return word

    def _note(
        self,
        shape: Shape,
        depth: int,
        scratch: int,
        inputs: tuple[_Tensor, ...],
        *,
        in_place: bool,
    ) -> _Tensor:
        indices = tuple(x.index for x in inputs)
        self._record.append((math.prod(shape), scratch, indices, in_place))
        return _Tensor(shape, depth, len(self._record) - 1)

    def peak_values(self) -> int:
        """Return the largest number of activation values needed at the same time."""
        record = self._record
        last_use = list(range(len(record)))
        for index, (_, _, inputs, _) in enumerate(record):
            for source in inputs:
                last_use[source] = index
        alive = peak = record[0][0]
        for index, (size, scratch, inputs, in_place) in enumerate(record):
            if index == 0:
                continue
            freed, reused = 0, False
            for source in set(inputs):
                if last_use[source] == index:
                    freed += record[source][0]
                    reused = reused or (in_place and record[source][0] == size)
            peak = max(peak, alive + scratch + (0 if reused else size))
            alive += size - freed
        return peak


class _PartCosts(NamedTuple):
    shape: Shape
    params: int
    macs: int
    depth: int
    values: int
    depthwise_macs: int


# networks take 4 KB each; one is asked for several times in a row, and seldom later
@lru_cache(maxsize=4_096)
def costs(architecture: Architecture) -> Costs:
    """Count all costs of an architecture.

    Raises:
        SearchSpaceError: A block or attention is unknown, or a custom block fails
            when it is measured.
    """
    total = _chain(_parts(architecture))
    return Costs(
        total.params,
        total.macs,
        total.depth,
        total.values * BYTES_PER_VALUE / 1e6,
        total.depthwise_macs,
    )


def count_params(architecture: Architecture) -> int:
    """Count all parameters, including frozen ones and BatchNorm statistics."""
    return costs(architecture).params


def count_macs(architecture: Architecture) -> int:
    """Count the multiply-accumulates for one image."""
    return costs(architecture).macs


def count_depthwise_macs(architecture: Architecture) -> int:
    """Count the MACs of depthwise convolutions."""
    return costs(architecture).depthwise_macs


def count_depth(architecture: Architecture) -> int:
    """Count the weighted layers on the longest path; see the module."""
    return costs(architecture).depth


def peak_memory(architecture: Architecture) -> float:
    """Return the peak of activation memory at batch 1, in 10**6 bytes."""
    return costs(architecture).memory_mb


def stage_shapes(architecture: Architecture) -> list[Shape]:
    """Return the shapes after the stem and each stage, (height, width, channels).

    For a backbone only that of its last map; for a custom model none.
    """
    return [part.shape for part in _parts(architecture)[:-1]]


def _parts(architecture: Architecture) -> list[_PartCosts]:
    activation = architecture.activation
    if architecture.custom_model:
        return [_custom_model(architecture, architecture.custom_model)]
    if architecture.backbone:
        counter = Counter(architecture.input_shape)
        out = counter.backbone(architecture.backbone, counter.input)
        return [
            _part(counter, out),
            _head(
                out.shape,
                architecture.head,
                activation,
                architecture.n_classes,
                pretrained=True,
            ),
        ]
    parts = [_stem(architecture.input_shape, architecture.stem, activation)]
    for stage in architecture.stages:
        # a redefined block has another function and is counted again
        function = find_block(stage.block).function
        parts.append(_stage(parts[-1].shape, stage, activation, function))
    parts.append(
        _head(parts[-1].shape, architecture.head, activation, architecture.n_classes)
    )
    return parts


def _custom_model(architecture: Architecture, model: CustomModel) -> _PartCosts:
    n_classes = architecture.n_classes
    cost = custom_model_cost(model, architecture.input_shape, n_classes)
    return _PartCosts((n_classes,), cost.params, cost.macs, cost.depth, cost.values, 0)


def _chain(parts: list[_PartCosts]) -> _PartCosts:
    """Combine consecutive parts: sums of costs, maximum of memory."""
    shapes, params, macs, depths, values, depthwise_macs = zip(*parts, strict=True)
    return _PartCosts(
        shapes[-1],
        sum(params),
        sum(macs),
        sum(depths),
        max(values),
        sum(depthwise_macs),
    )


@lru_cache(maxsize=65_536)
def _stage(shape: Shape, stage: Stage, activation: str, function: Any) -> _PartCosts:
    # stages of equal blocks share counts for any depth and stride
    single = stage.model_copy(update={"depth": 1, "stride": 1})
    parts = [_block(shape, single, stage.stride, activation, function)]
    if stage.depth > 1:
        again = _block(parts[0].shape, single, 1, activation, function)
        parts.extend([again] * (stage.depth - 1))
    parts.append(_closing(parts[0].shape, single, activation, function))
    return _chain(parts)


@lru_cache(maxsize=65_536)
def _block(
    shape: Shape, single: Stage, stride: int, activation: str, function: Any
) -> _PartCosts:
    counter = Counter(shape)
    return _part(counter, run_block(counter, single, stride, activation, counter.input))


@lru_cache(maxsize=65_536)
def _closing(shape: Shape, single: Stage, activation: str, function: Any) -> _PartCosts:
    counter = Counter(shape)
    return _part(counter, run_closing(counter, single, activation, counter.input))


@lru_cache(maxsize=4_096)
def _stem(shape: Shape, stem: Stem, activation: str) -> _PartCosts:
    counter = Counter(shape)
    return _part(counter, run_stem(counter, stem, activation, counter.input))


@lru_cache(maxsize=65_536)
def _head(
    shape: Shape,
    head: Head,
    activation: str,
    n_classes: int,
    *,
    pretrained: bool = False,
) -> _PartCosts:
    counter = Counter(shape)
    out = run_head(
        counter, head, activation, n_classes, counter.input, pretrained=pretrained
    )
    return _part(counter, out)


def _part(counter: Counter, out: _Tensor) -> _PartCosts:
    return _PartCosts(
        out.shape,
        counter.params,
        counter.macs,
        out.depth,
        counter.peak_values(),
        counter.depthwise_macs,
    )
