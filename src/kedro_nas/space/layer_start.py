"""With which weights a layer of a grown network starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kedro_nas.errors import SearchSpaceError

StartKind = Literal["inherited", "identity", "zero", "zero_output", "undone_norm"]


class GrowthError(SearchSpaceError):
    """A network is not a larger form of another one."""


@dataclass(frozen=True)
class LayerStart:
    """The first weights of a layer.

    Attributes:
        kind: `inherited` from the layer of the same name; `identity` of a convolution;
            `zero` for all weights, or `zero_output` for the last projection of an
            attention; `undone_norm` for a norm that gives back what it normalises.
        offset: Row and column at which an inherited kernel lies in the larger one.
        positions: Of an inherited dense layer, the positions of the feature map that
            was flattened before it; 1 without.
        norm: Of an `undone_norm`, the norm whose activated outputs it normalises.
        scale: Factor of the weights.
    """

    kind: StartKind
    offset: tuple[int, int] = (0, 0)
    positions: int = 1
    norm: str = ""
    scale: float = 1.0
