"""Digests of custom blocks, from the layers they make for fixed arguments.

A path does not identify a block, as its code may change. The digest depends on layers,
their arguments and order, and not on comments or names of variables. Blocks over
Keras tensors are described by the `CostMeter`, as this package has no Keras.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from types import CodeType
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture, Backbone, Stage
from kedro_nas.space.cost_meter import find_cost_meter
from kedro_nas.space.formulas import Shape, layer_cost
from kedro_nas.space.layers import Layer, LayerVocabulary
from kedro_nas.space.registry import Block, BlockArguments, Value, find_block

Options = tuple[tuple[str, Value], ...]

# Arguments with which blocks are described: few and many channels, odd and even sides,
# all strides and kernel sizes a space may have, and each activation once.
_SHAPES: tuple[Shape, ...] = ((16, 16, 8), (3, 5, 64))
_FILTERS = (8, 64, 320)
_KERNELS = (1, 3, 5, 7)
_STRIDES = (1, 2)
_ACTIVATIONS = ("relu", "swish", "hard_swish")
# Shape, filters, kernel size, stride; only a few, as building takes about 50 ms each.
_KERAS_USES: tuple[tuple[Shape, int, int, int], ...] = (
    ((8, 8, 32), 32, 3, 1),
    ((8, 8, 32), 64, 3, 2),
    ((8, 8, 32), 64, 5, 1),
)
MAX_COMBINATIONS = 64  # of the options of a block


def digest_blocks(
    stages: Iterable[Stage], custom_blocks: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Return the digest of each custom block among stages, sorted by name.

    Args:
        stages: Blocks are described with the options of these stages.
        custom_blocks: Path by name; the blocks have to be registered already.
    """
    used: dict[str, set[Options]] = {}
    for stage in stages:
        if stage.block in custom_blocks:
            used.setdefault(stage.block, set()).add(stage.options)
    return tuple(
        (name, digest_block(name, sorted(options)))
        for name, options in sorted(used.items())
    )


def digest_all_options(names: Iterable[str]) -> dict[str, str]:
    """Return the digest of each custom block over all values of its options.

    Args:
        names: Names of registered blocks.
    """
    return {name: digest_block(name, _combinations(name)) for name in names}


def check_blocks(architecture: Architecture) -> None:
    """Check that the custom blocks of a network are unchanged.

    Raises:
        SearchSpaceError: A block makes other layers than when the network was drawn.
    """
    if not architecture.block_digests:
        return
    paths = dict(architecture.custom_blocks)
    now = dict(digest_blocks(architecture.stages, paths))
    for name, digest in architecture.block_digests:
        if now.get(name) != digest:
            _raise_if_it_fails_everywhere(name, architecture.stages)
            raise block_changed(name, paths.get(name, ""))


def _raise_if_it_fails_everywhere(name: str, stages: Iterable[Stage]) -> None:
    """Raise the error of a block over Keras tensors that fails for all arguments.

    An error of this process, such as lack of memory, is more helpful than the message
    that the block has changed.
    """
    block = find_block(name)
    if not block.takes_keras_tensors:
        return
    used = {stage.options for stage in stages if stage.block == name}
    meter = find_cost_meter(f"the block '{name}'")
    errors: list[Exception] = []
    for options, use in product(sorted(used), _KERAS_USES):
        try:
            meter.describe_block(block, use[0], _arguments(use, options))
        except Exception as error:  # noqa: BLE001, PERF203 - raised below
            errors.append(error)
        else:
            return
    if errors:
        raise errors[0]


def block_changed(name: str, path: str) -> SearchSpaceError:
    """Return the error for a block that has changed since the search."""
    return SearchSpaceError(
        f"the block '{name}' ({path}) has changed since the search space was made",
        received="code that makes other layers",
        allowed="the block that was measured and searched",
        remedy="Undo the change, or run the stages again from search_space on, with "
        "nas.search.on_change: restart",
    )


def digest_block(name: str, options: Sequence[Options]) -> str:
    """Return the digest of a registered block for some values of its options."""
    block = find_block(name)
    parts = [
        _digest_use(block.name, block.function, block.closing, one) for one in options
    ]
    return _hash(parts)


@lru_cache(maxsize=1_024)
def _digest_use(
    name: str, function: Any, closing: Any, options: Options
) -> str:  # with the functions as arguments, redefined blocks are described again
    block = find_block(name)
    if block.takes_keras_tensors:
        return _hash(_keras_layers(block, options))
    return _hash(_program(block, options))


def _combinations(name: str) -> list[Options]:
    """List all values of a block's options; if too many, change one at a time."""
    allowed = {key: list(values) for key, values in find_block(name).options.items()}
    count = 1
    for values in allowed.values():
        count *= len(values)
    if count <= MAX_COMBINATIONS:
        combined = [
            dict(zip(allowed, values, strict=True))
            for values in product(*allowed.values())
        ]
    else:
        first = {key: values[0] for key, values in allowed.items()}
        combined = [
            {**first, key: value} for key, values in allowed.items() for value in values
        ]
    return [tuple(sorted(one.items())) for one in combined]


class BlockRecorder(LayerVocabulary):
    """Interpreter that records layers as a list; tensors are numbers with a shape."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Any] = []

    def input(self, shape: Shape) -> tuple[int, Shape]:
        """Return the input tensor."""
        return self._note("input", (), shape)

    def apply(self, layer: Layer, *inputs: Any) -> Any:
        """Record one layer, with its name, as the seed of its weights depends on it."""
        shape = layer_cost(layer, [of for _, of in inputs]).shape
        return self._note([layer.kind, layer.name, layer.config], inputs, shape)

    def attend(self, x: Any) -> Any:
        """Record the position of the attention."""
        return self._note("attention", (x,), x[1])

    def shape(self, x: Any) -> Shape:
        """Return the shape of a tensor."""
        of: Shape = x[1]
        return of

    def backbone(self, backbone: Backbone, x: Any) -> Any:
        """Raise an error: a block has no pretrained body."""
        raise SearchSpaceError("a block cannot contain a pretrained backbone")

    def custom_block(self, block: Block, x: Any, arguments: BlockArguments) -> Any:
        """Raise an error: a block over the vocabulary contains no other block."""
        raise SearchSpaceError("a block over the vocabulary cannot contain another")

    def _note(
        self, what: Any, inputs: tuple[Any, ...], shape: Shape
    ) -> tuple[int, Shape]:
        self.lines.append([what, [number for number, _ in inputs], list(shape)])
        return len(self.lines) - 1, shape


def _program(block: Block, options: Options) -> list[Any]:
    """List the layers of a block over the vocabulary for all fixed arguments."""
    programs = []
    uses = [
        (shape, filters, kernel_size, stride, "relu")
        for shape, filters, kernel_size, stride in product(
            _SHAPES, _FILTERS, _KERNELS, _STRIDES
        )
    ]
    uses += [(_SHAPES[0], _FILTERS[0], 3, 1, word) for word in _ACTIVATIONS]
    for shape, filters, kernel_size, stride, activation in uses:
        recorder = BlockRecorder()
        try:
            y = block.function(
                recorder,
                recorder.input(shape),
                filters=filters,
                kernel_size=kernel_size,
                stride=stride,
                activation=activation,
                attend=recorder.attend,
                **dict(options),
            )
            if block.closing is not None:
                y = block.closing(recorder, y, activation=activation, **dict(options))
            programs.append([recorder.lines, y[0]])
        except Exception as error:  # noqa: BLE001 - it may not allow these arguments
            programs.append([type(error).__name__, code_digest(block.function)])
    return programs


def _keras_layers(block: Block, options: Options) -> list[Any]:
    meter = find_cost_meter(f"the block '{block.name}'")
    described = []
    for use in _KERAS_USES:
        try:
            arguments = _arguments(use, options)
            described.append(meter.describe_block(block, use[0], arguments))
        except Exception as error:  # noqa: BLE001, PERF203 - see above
            described.append([type(error).__name__, code_digest(block.function)])
    return described


def _arguments(use: tuple[Shape, int, int, int], options: Options) -> BlockArguments:
    _, filters, kernel_size, stride = use
    return BlockArguments(filters, kernel_size, stride, options)


def code_digest(function: Any) -> str:
    """Return a digest of a function's byte code; empty if it has none.

    It does not depend on line numbers, comments and file names.
    """
    code = getattr(function, "__code__", None)
    return "" if code is None else _hash(describe_code(code))


def describe_code(code: CodeType) -> list[Any]:
    """Return instructions, names and constants of a code object as JSON values."""
    constants = [
        describe_code(one)
        if isinstance(one, CodeType)
        else sorted(map(repr, one))
        if isinstance(one, frozenset)
        else repr(one)
        for one in code.co_consts
    ]
    return [code.co_code.hex(), list(code.co_names), constants]


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
