"""The operators that a runtime executes for an architecture, after its fusions.

`OperatorLister` is an interpreter of the layer vocabulary. It lists what is left of a
network in a LiteRT file: a norm after a convolution or dense layer is part of its
weights, a ReLU after an operator that can clip its output is part of that operator,
and dropout is gone. What remains takes time on a device, and `space.device_profile`
predicts how much. Fusions across two blocks are not followed, since each distinct block
is listed once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any, NamedTuple

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture, Backbone, Head, Stage, Stem
from kedro_nas.space.formulas import Shape, layer_cost
from kedro_nas.space.layers import Layer, LayerArguments, LayerVocabulary
from kedro_nas.space.network import run_block, run_closing, run_head, run_stem
from kedro_nas.space.registry import Block, BlockArguments, find_block

_NO_SCOPE = nullcontext()
_KINDS = {
    "Conv2D": "conv",
    "DepthwiseConv2D": "depthwise",
    "Conv1D": "conv1d",
    "Dense": "dense",
    "MultiHeadAttention": "attention",
    "BatchNormalization": "batch_norm",
    "LayerNormalization": "layer_norm",
    "Add": "add",
    "Multiply": "multiply",
    "Concatenate": "concatenate",
    "MaxPooling2D": "max_pool",
    "AveragePooling2D": "average_pool",
    "GlobalAveragePooling2D": "global_average_pool",
    "GlobalMaxPooling2D": "global_max_pool",
    "GlobalAveragePooling1D": "channel_mean",
    "GlobalMaxPooling1D": "channel_max",
    "Reshape": "reshape",
    "Flatten": "reshape",
}
_FREE = frozenset({"Dropout"})
# operators that can clip their output to ReLU's range without a further operator
_CLIPPING = frozenset({"conv", "depthwise", "dense", "add", "multiply", "batch_norm"})
_FOLDING = frozenset({"conv", "depthwise", "dense"})


class Operator(NamedTuple):
    """One operator with all that its duration depends on.

    Attributes:
        kind: What it computes, e.g. `conv`, `depthwise`, `silu`.
        height: Rows of its first input; 1 for a vector, the length for a sequence.
        width: Columns of its first input; 1 for vectors and sequences.
        channels: Channels of its first input.
        filters: Channels of its output; of an attention, the width of all its heads.
        kernel: Side of its kernel or window; of an attention, the number of heads; of
            `multiply`, 1 where the second input broadcasts over positions, else 0.
        stride: Stride of a convolution, 1 otherwise.
    """

    kind: str
    height: int
    width: int
    channels: int
    filters: int
    kernel: int = 1
    stride: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """All numbers, in the order of the fields."""
        return self[1:]


class ListedTensor(NamedTuple):
    """A tensor of `OperatorLister`.

    Attributes:
        shape: Without the batch axis.
        made_by: Kind of the operator that made it.
        is_open: Whether that operator may still absorb a norm or a ReLU.
        place: What `OperatorLister.emit` returned for it.
    """

    shape: Shape
    made_by: str = ""
    is_open: bool = False
    place: Any = None


class OperatorLister(LayerVocabulary):
    """Interpreter that lists operators; tensors are shapes with their origin.

    Args:
        shape: Shape of the input without its batch axis.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input = ListedTensor(shape)
        self.operators: list[Operator] = []

    def apply(self, layer: Layer, *inputs: ListedTensor) -> ListedTensor:
        """List the operator of a layer, unless another one absorbs it."""
        x = inputs[0]
        if layer.kind in _FREE:
            return x
        if layer.kind == "BatchNormalization" and x.is_open and x.made_by in _FOLDING:
            return x
        if layer.kind == "Activation":
            kind = layer.config["activation"]
            if kind == "relu" and x.is_open and x.made_by in _CLIPPING:
                return x._replace(is_open=False)
        else:
            kind = _KINDS[layer.kind]
        shape = layer_cost(layer, [one.shape for one in inputs]).shape
        filters, kernel, stride = _extent(kind, layer.config, inputs, shape)
        operator = Operator(kind, *_place(x.shape), filters, kernel, stride)
        self.operators.append(operator)
        place = self.emit(operator, [one.place for one in inputs], shape)
        return ListedTensor(shape, kind, kind in _CLIPPING, place)

    def emit(self, operator: Operator, inputs: list[Any], shape: Shape) -> Any:
        """Do nothing; subclasses write the operator and return its output.

        Args:
            operator: The operator.
            inputs: What `emit` returned for its inputs.
            shape: Shape of its output without the batch axis.
        """
        return None

    def backbone(self, backbone: Backbone, x: ListedTensor) -> ListedTensor:
        """Raise an error: the layers of a backbone are not known here."""
        raise _not_listed(f"the backbone '{backbone.name}'")

    def custom_block(
        self, block: Block, x: ListedTensor, arguments: BlockArguments
    ) -> ListedTensor:
        """Raise an error: the layers of a block over Keras tensors are not known."""
        raise _not_listed(f"the block '{block.name}' over Keras tensors")

    def shape(self, x: ListedTensor) -> Shape:
        """Return the shape of a tensor."""
        return x.shape

    def scope(self, name: str) -> AbstractContextManager[None]:
        """Do nothing, as operators have no names."""
        return _NO_SCOPE

    def _name(self, word: str) -> str:
        return word


def _extent(
    kind: str, config: LayerArguments, inputs: tuple[ListedTensor, ...], out: Shape
) -> tuple[int, int, int]:
    """Return channels of the output, side of the kernel, and stride."""
    if kind == "attention":
        heads = config["num_heads"]
        return heads * config["key_dim"], heads, 1
    if kind == "multiply":
        return out[-1], int(inputs[1].shape != inputs[0].shape), 1
    kernel: int = config.get("kernel_size") or config.get("pool_size") or 1
    stride: int = config.get("strides") or 1
    return out[-1], kernel, stride


def list_operators(architecture: Architecture) -> tuple[Operator, ...]:
    """Return the operators of a network in the order in which they are executed.

    Args:
        architecture: A network of which every block is written over the vocabulary.

    Raises:
        SearchSpaceError: It has a pretrained backbone, a custom model or a block over
            Keras tensors, whose layers are not known without building it.
    """
    if architecture.backbone:
        raise _not_listed(f"the backbone '{architecture.backbone.name}'")
    if architecture.custom_model:
        raise _not_listed(f"the model {architecture.custom_model.function}")
    activation = architecture.activation
    shape: Shape = architecture.input_shape
    # pixels are normalised by one multiplication and one addition
    found = [Operator("batch_norm", *_place(shape), shape[-1])]
    part = _list_stem(shape, architecture.stem, activation)
    found += part.operators
    for stage in architecture.stages:
        # a redefined block has another function and is listed again
        function = find_block(stage.block).function
        part = _list_stage(part.shape, stage, activation, function)
        found += part.operators
    head = architecture.head
    part = _list_head(part.shape, head, activation, architecture.n_classes)
    return (*found, *part.operators)


class _PartOperators(NamedTuple):
    shape: Shape
    operators: tuple[Operator, ...]


@lru_cache(maxsize=4_096)
def _list_stem(shape: Shape, stem: Stem, activation: str) -> _PartOperators:
    lister = OperatorLister(shape)
    return _part(lister, run_stem(lister, stem, activation, lister.input))


@lru_cache(maxsize=65_536)
def _list_stage(
    shape: Shape, stage: Stage, activation: str, function: Any
) -> _PartOperators:
    single = stage.model_copy(update={"depth": 1, "stride": 1})
    first = _list_block(shape, single, stage.stride, activation, function)
    parts = [first]
    if stage.depth > 1:
        again = _list_block(first.shape, single, 1, activation, function)
        parts += [again] * (stage.depth - 1)
    lister = OperatorLister(first.shape)
    parts.append(_part(lister, run_closing(lister, single, activation, lister.input)))
    return _PartOperators(
        parts[-1].shape, tuple(_joined(part.operators for part in parts))
    )


@lru_cache(maxsize=65_536)
def _list_block(
    shape: Shape, single: Stage, stride: int, activation: str, function: Any
) -> _PartOperators:
    del function  # part of the key of the cache only
    lister = OperatorLister(shape)
    return _part(lister, run_block(lister, single, stride, activation, lister.input))


@lru_cache(maxsize=65_536)
def _list_head(
    shape: Shape, head: Head, activation: str, n_classes: int
) -> _PartOperators:
    lister = OperatorLister(shape)
    return _part(lister, run_head(lister, head, activation, n_classes, lister.input))


def _part(lister: OperatorLister, out: ListedTensor) -> _PartOperators:
    return _PartOperators(out.shape, tuple(lister.operators))


def _joined(groups: Iterable[tuple[Operator, ...]]) -> list[Operator]:
    return [operator for group in groups for operator in group]


def _place(shape: Shape) -> tuple[int, int, int]:
    """Return height, width and channels of a map, a sequence or a vector."""
    *positions, channels = shape
    if len(positions) == 2:
        return positions[0], positions[1], channels
    return math.prod(positions), 1, channels


def _not_listed(what: str) -> SearchSpaceError:
    return SearchSpaceError(
        f"the latency of {what} cannot be predicted",
        received="layers that are only known once it is built with Keras",
        allowed="blocks over the layer vocabulary",
        remedy="Set nas.search_space.max_latency_ms to null, or leave it out of the "
        "search space",
    )
