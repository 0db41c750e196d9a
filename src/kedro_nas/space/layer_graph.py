"""The layers of a network as a graph: which layer reads the outputs of which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture, Backbone
from kedro_nas.space.formulas import Shape, layer_cost
from kedro_nas.space.layers import Layer, LayerVocabulary
from kedro_nas.space.network import run_network
from kedro_nas.space.registry import Block, BlockArguments

PIXELS = "pixels"  # what the first layer reads


@dataclass(frozen=True)
class Node:
    """A layer in its network.

    Attributes:
        layer: The layer.
        inputs: Names of the layers whose outputs it reads, or `PIXELS`.
        shape: Of its output, without the batch axis.
    """

    layer: Layer
    inputs: tuple[str, ...]
    shape: Shape

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.layer.name

    @property
    def kind(self) -> str:
        """Name of its class in `keras.layers`."""
        return self.layer.kind


class GraphRecorder(LayerVocabulary):
    """Interpreter that records layers; a tensor is a layer's name and a shape."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[str, Node] = {}

    def apply(self, layer: Layer, *inputs: tuple[str, Shape]) -> tuple[str, Shape]:
        """Record one layer."""
        shape = layer_cost(layer, [of for _, of in inputs]).shape
        names = tuple(name for name, _ in inputs)
        self.nodes[layer.name] = Node(layer, names, shape)
        return layer.name, shape

    def shape(self, x: tuple[str, Shape]) -> Shape:
        """Return the shape of a tensor."""
        return x[1]

    def backbone(self, backbone: Backbone, x: Any) -> Any:
        """Raise an error: the layers of a pretrained body are not recorded."""
        raise SearchSpaceError(f"the layers of {backbone.name} are not recorded")

    def custom_block(self, block: Block, x: Any, arguments: BlockArguments) -> Any:
        """Raise an error: the layers of a block over Keras tensors are unknown."""
        raise SearchSpaceError(f"the layers of the block '{block.name}' are unknown")


def layer_graph(architecture: Architecture) -> dict[str, Node]:
    """Return the layers of a network by name, in the order in which they are applied.

    Raises:
        SearchSpaceError: The network has layers that are not of the vocabulary.
    """
    recorder = GraphRecorder()
    run_network(recorder, architecture, (PIXELS, architecture.input_shape))
    return recorder.nodes
