"""A network beside the smaller one that it is grown from, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.formulas import Shape
from kedro_nas.space.layer_graph import PIXELS, Node, layer_graph

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


@dataclass
class GrowingGraph:
    """The layers of both networks, and with what those of the larger one start.

    Attributes:
        small: Layers of the smaller network by name, without dropout, which changes no
            output.
        large: Layers of the larger one.
        pixels: Shape of the images, equal for both.
        starts: By layer, as far as decided; other layers start from fresh weights.
        factors: By layer, of its first weights.
    """

    small: Mapping[str, Node]
    large: Mapping[str, Node]
    pixels: Shape
    starts: dict[str, LayerStart] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._readers: dict[str, list[str]] = {}
        for node in self.large.values():
            for name in node.inputs:
                self._readers.setdefault(name, []).append(node.name)

    @classmethod
    def of(cls, small: Architecture, large: Architecture) -> GrowingGraph:
        """Return the graphs of two networks."""
        return cls(_without_dropout(small), _without_dropout(large), large.input_shape)

    def is_new(self, name: str) -> bool:
        """Return whether only the larger network has a layer."""
        return name != PIXELS and name not in self.small

    def readers(self, name: str) -> list[str]:
        """Return the layers of the larger network that read a layer's output."""
        return self._readers.get(name, [])

    def source(self, name: str) -> Node:
        """Return the layer of a name in the larger network.

        Raises:
            GrowthError: The pixels are meant, which no layer makes.
        """
        if name == PIXELS:
            raise GrowthError("a new layer reads the pixels")
        return self.large[name]

    def read_shape(self, node: Node, *, is_large: bool) -> Shape:
        """Return the shape that a layer reads first; of a flat vector, its map's."""
        name = node.inputs[0]
        if name == PIXELS:
            return self.pixels
        read = (self.large if is_large else self.small)[name]
        if read.kind == "Flatten":
            return self.read_shape(read, is_large=is_large)
        return read.shape

    def scale(self, name: str, factor: float) -> None:
        """Multiply the first weights of a layer."""
        self.factors[name] = self.factors.get(name, 1.0) * factor

    def scaled_starts(self) -> dict[str, LayerStart]:
        """Return all starts with their factors.

        Of a layer with fresh weights, which nothing old reads, the factor is left out.
        """
        return {
            name: replace(start, scale=self.factors.get(name, 1.0))
            for name, start in self.starts.items()
        }


@lru_cache(maxsize=256)  # a new network is compared with the best ones, dozens
def _without_dropout(architecture: Architecture) -> Mapping[str, Node]:
    """Return the layers of a network; who reads a dropout reads what it reads."""
    graph = layer_graph(architecture)
    reads: dict[str, str] = {}
    kept: dict[str, Node] = {}
    for node in graph.values():
        inputs = tuple(reads.get(name, name) for name in node.inputs)
        if node.kind == "Dropout":
            reads[node.name] = inputs[0]
        else:
            kept[node.name] = replace(node, inputs=inputs)
    return kept
