"""The receptive field: how many pixels across a unit of the last map depends on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from kedro_nas.space.architecture import Architecture, Backbone, Stage, Stem
from kedro_nas.space.formulas import Shape, block_output_shape, layer_cost
from kedro_nas.space.layers import Layer, LayerVocabulary
from kedro_nas.space.network import run_block, run_stem
from kedro_nas.space.registry import Block, BlockArguments, find_block

# the field of a block depends neither on the size of its map nor on its channels
_ANY_MAP = (8, 8, 16)


class FieldOfMap(NamedTuple):
    """How a map looks at the map that a network or a block starts from.

    Attributes:
        shape: Shape of the map.
        field: Side of the window that one unit depends on; infinite after an attention
            over all positions.
        step: Distance between the windows of neighbouring units.
    """

    shape: Shape
    field: float = 1
    step: int = 1

    def through(self, kernel_size: float, stride: int, shape: Shape) -> FieldOfMap:
        """Return what a layer with a kernel and a stride makes of this map."""
        field = self.field + (kernel_size - 1) * self.step
        return FieldOfMap(shape, field, self.step * stride)


class FieldReader(LayerVocabulary):
    """Interpreter of blocks whose tensors carry their receptive field.

    Gates, the second inputs of `Multiply`, are left out: they scale whole channels or
    positions and bring no new content.
    """

    def apply(self, layer: Layer, *inputs: FieldOfMap) -> FieldOfMap:
        """Widen the field by the layer's kernel."""
        through = inputs[:1] if layer.kind == "Multiply" else inputs
        widest = max(through, key=lambda x: x.field)
        shape = layer_cost(layer, [x.shape for x in inputs]).shape
        config = layer.config
        if layer.kind == "MultiHeadAttention":
            return widest.through(math.inf, 1, shape)
        if layer.kind in ("Conv2D", "DepthwiseConv2D"):
            return widest.through(config["kernel_size"], config["strides"], shape)
        if layer.kind in ("MaxPooling2D", "AveragePooling2D"):
            return widest.through(config["pool_size"], config["pool_size"], shape)
        return widest._replace(shape=shape)

    def shape(self, x: FieldOfMap) -> Shape:
        """Return the shape of a tensor."""
        return x.shape

    def custom_block(
        self, block: Block, x: FieldOfMap, arguments: BlockArguments
    ) -> FieldOfMap:
        """Count a block over Keras tensors as one convolution of its kernel."""
        shape = block_output_shape(x.shape, arguments)
        return x.through(arguments.kernel_size, arguments.stride, shape)

    def backbone(self, backbone: Backbone, x: FieldOfMap) -> FieldOfMap:
        """Count a pretrained network as one that sees everything."""
        return x.through(math.inf, 1, x.shape)


def receptive_field(architecture: Architecture) -> float:
    """Return the side in pixels of the window that one unit of the last map sees.

    Infinite for a pretrained network, a custom model and after self-attention. Channel
    attentions, which see the means over the whole map, are not counted.

    Source: Araujo et al. (2019), https://distill.pub/2019/computing-receptive-fields/.

    >>> receptive_field(Architecture(input_shape=(28, 28, 1), n_classes=10,
    ...     stem=Stem(width=32, kernel_size=3, stride=2),
    ...     stages=(Stage(block="conv", depth=2, width=48, kernel_size=3, stride=2),)))
    15.0
    """
    if not architecture.stages:
        return math.inf
    return field_of_stages(architecture.stem, architecture.stages)


def field_of_stages(stem: Stem, stages: Sequence[Stage]) -> float:
    """Return the receptive field of a stem and stages; see `receptive_field`."""
    first = _field_of_stem(stem.kernel_size, stem.stride)
    field, step = float(first.field), first.step
    for stage in stages:
        function = find_block(stage.block).function
        opening, following = _fields_of_blocks(stage, function)
        field += (opening.field - 1) * step
        step *= opening.step
        if stage.depth > 1:
            field += (following.field - 1) * step * (stage.depth - 1)
    return field


@lru_cache(maxsize=256)
def _field_of_stem(kernel_size: int, stride: int) -> FieldOfMap:
    stem = Stem(width=_ANY_MAP[-1], kernel_size=kernel_size, stride=stride)
    found: FieldOfMap = run_stem(FieldReader(), stem, "relu", FieldOfMap(_ANY_MAP))
    return found


@lru_cache(maxsize=65_536)
def _fields_of_blocks(stage: Stage, function: Any) -> tuple[FieldOfMap, FieldOfMap]:
    """Return the fields of the first and of the other blocks of a stage."""
    kind = stage.model_copy(update={"depth": 1, "width": _ANY_MAP[-1], "stride": 1})
    opening = _field_of_block(kind, stage.stride, function)
    return opening, _field_of_block(kind, 1, function)


@lru_cache(maxsize=4_096)
def _field_of_block(kind: Stage, stride: int, function: Any) -> FieldOfMap:
    """Return the field of one block; a redefined one has another function."""
    del function  # part of the key of the cache only
    start = FieldOfMap(_ANY_MAP)
    found: FieldOfMap = run_block(FieldReader(), kind, stride, "relu", start)
    return found
