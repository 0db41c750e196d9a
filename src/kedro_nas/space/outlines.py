"""Outlines: networks known to be good, without the sizes that follow from the task.

An outline says which blocks, stem, head and recipe a network has. Its resolution steps
follow from the images, and its width from the multiply-adds that a budget affords, so
that the same outline is of use for digits and for photographs.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from kedro_nas.space.anchors import proven_code, spell_code
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.choices import stem_strides_for
from kedro_nas.space.costs import count_macs
from kedro_nas.space.registry import Value
from kedro_nas.space.search_space import SearchSpace


class Outline(BaseModel):
    """A network without sizes, and its recipe.

    Attributes:
        name: Identifies it in tables.
        block: Kind of all blocks.
        depth: Blocks per stage.
        attention: After each block.
        block_options: Options of the blocks.
        stem_stride_factor: Times the usual stride of the stem for the image size.
        activation: Of the whole network.
        pooling: Before the last layer.
        augmentation: Of the recipe, without mirroring, which the data decide.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    block: str = "conv"
    depth: int = Field(1, ge=1)
    attention: str = "none"
    block_options: dict[str, Value] = {}
    stem_stride_factor: float = 1
    activation: str = "relu"
    pooling: str = "average"
    augmentation: str = "light"

    def is_allowed(self, space: SearchSpace) -> bool:
        """Return whether a space has the outline's kind of block."""
        allowed = space.choices["stage1_block"]
        return isinstance(allowed, tuple) and self.block in allowed

    def network(self, space: SearchSpace, stem_width: int) -> Architecture:
        """Return the network of a width, with the nearest values the space allows.

        Args:
            space: Its choices are kept.
            stem_width: Channels of the first convolution.
        """
        code = self._code(space.input_shape, stem_width)
        return space.decode(spell_code(space.choices, code))

    def _code(
        self, image_shape: tuple[int, int, int], stem_width: int
    ) -> dict[str, Value]:
        family = "conv" if self.block == "conv" else "residual"
        code = proven_code(image_shape, family, stem_width, doubling=True)
        stride = stem_strides_for(image_shape).proven * self.stem_stride_factor
        code |= self._named() | {"stem_stride": max(1, int(stride))}
        for name in [name for name in code if name.endswith("_block")]:
            stage = name.removesuffix("_block")
            code |= {f"{stage}_{key}": value for key, value in self._of_stage().items()}
        return code

    def _named(self) -> dict[str, Value]:
        """Return the choices that are made once for a network."""
        return {
            "activation": self.activation,
            "head_pooling": self.pooling,
            "augmentation": self.augmentation,
        }

    def _of_stage(self) -> dict[str, Value]:
        """Return the choices that are made for each stage."""
        options = {f"{self.block}_{key}": v for key, v in self.block_options.items()}
        return {
            "block": self.block,
            "depth": self.depth,
            "attention": self.attention,
            **options,
        }


def widest_network(
    outline: Outline, space: SearchSpace, max_macs: float, stem_widths: Sequence[int]
) -> Architecture | None:
    """Return the widest network of an outline within a limit, None if none is.

    Args:
        outline: The network without sizes.
        space: Its choices and bounds are kept, but for that of multiply-adds.
        max_macs: Multiply-adds of one image.
        stem_widths: Channels of the stem to try.
    """
    best: tuple[int, Architecture] | None = None
    for width in stem_widths:
        one = outline.network(space, width)
        macs = count_macs(one)
        if macs > max_macs or not _fits(space, one):
            continue
        if best is None or macs > best[0]:
            best = (macs, one)
    return None if best is None else best[1]


def _fits(space: SearchSpace, one: Architecture) -> bool:
    """Return whether a network fits the bounds other than that of multiply-adds."""
    bounds = space.bounds.measured(None)
    return space.model_copy(update={"bounds": bounds}).is_feasible(one)[0]
