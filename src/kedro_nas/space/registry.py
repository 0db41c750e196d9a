"""Registry of blocks and attentions, built-in and custom.

A module in `space/blocks` registers its function with `@register_block` or
`@register_attention`; no other module needs to be changed.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kedro_nas.errors import SearchSpaceError

Value = int | float | str | bool


@dataclass(frozen=True)
class Block:
    """A registered block.

    Attributes:
        name: Name in YAML and in `Stage.block`.
        function: Over the vocabulary, `f(layers, x, *, filters, kernel_size, stride,
            activation, attend, **options)`; a custom one may instead be over Keras
            tensors, `f(x, *, filters, kernel_size, stride, **options)`.
        options: Allowed values of the block's options by name, the default first.
        closing: Run once after the last block of a stage, `f(layers, x, *,
            activation, **options)`, e.g. the norm a pre-activation block leaves out.
        takes_keras_tensors: Whether `function` is over Keras tensors.
        cost: For blocks over Keras tensors, `f(input_shape, *, filters, kernel_size,
            stride, **options)` that returns `params`, `macs` and `depth`; None
            measures them.
        path: `package.module:function` of a custom block, empty for a built-in one.
    """

    name: str
    function: Callable[..., Any]
    options: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    closing: Callable[..., Any] | None = None
    takes_keras_tensors: bool = False
    cost: Callable[..., Mapping[str, float]] | None = None
    path: str = ""


@dataclass(frozen=True)
class BlockArguments:
    """Arguments of a call of a block.

    Attributes:
        filters: Output channels.
        kernel_size: Side of the spatial kernels.
        stride: Stride of the block.
        options: Values of the block's options, sorted by name.
    """

    filters: int
    kernel_size: int
    stride: int
    options: tuple[tuple[str, Value], ...] = ()

    def as_keywords(self) -> dict[str, Value]:
        """Return the keyword arguments of the block's function."""
        return {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            **dict(self.options),
        }

    def __str__(self) -> str:
        """Return the arguments as written in a call, for messages."""
        return ", ".join(f"{k}={v!r}" for k, v in self.as_keywords().items())


@dataclass(frozen=True)
class Attention:
    """A registered attention, `f(layers, x, *, activation) -> x`.

    Attributes:
        name: Name in YAML and in `Stage.attention`.
        function: Over the vocabulary; the output has the shape of the input.
        max_positions: Largest height times width of its map, None for any.
    """

    name: str
    function: Callable[..., Any]
    max_positions: int | None = None


_blocks: dict[str, Block] = {}
_attentions: dict[str, Attention] = {}


def register_block(
    name: str | None = None,
    *,
    options: Mapping[str, Sequence[Value]] | None = None,
    closing: Callable[..., Any] | None = None,
    cost: Callable[..., Mapping[str, float]] | None = None,
    path: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a block function under a name, by default the function's.

    A function whose first argument is called `layers` is over the vocabulary and
    counted by formula; any other receives Keras tensors.

    Args:
        name: Name in YAML; it must not belong to another function.
        options: Allowed values of the block's options by name, the default first.
        closing: See `Block.closing`.
        cost: See `Block.cost`.
        path: Import path of the function for worker processes; derived if empty.

    Returns:
        A decorator that returns the function unchanged.

    Raises:
        SearchSpaceError: The name belongs to another function.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        word = name or function.__name__
        built_in = function.__module__.startswith("kedro_nas.")
        where = path or (
            "" if built_in else f"{function.__module__}:{function.__name__}"
        )
        taken = _blocks.get(word)
        if taken and _identity(taken.function) != _identity(function):
            raise SearchSpaceError(
                f"the block name '{word}' is taken",
                received=f"{function.__module__}:{function.__name__}",
                allowed=f"a name other than {', '.join(sorted(_blocks))}",
                remedy="Give the block another name",
            )
        _blocks[word] = Block(
            name=word,
            function=function,
            options={key: tuple(value) for key, value in (options or {}).items()},
            closing=closing,
            takes_keras_tensors=(
                next(iter(inspect.signature(function).parameters)) != "layers"
            ),
            cost=cost,
            path=where,
        )
        return function

    return decorate


def register_attention(
    name: str, *, max_positions: int | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register an attention over the vocabulary; see `Attention`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        _attentions[name] = Attention(name, function, max_positions)
        return function

    return decorate


def find_block(name: str) -> Block:
    """Return a registered block.

    Raises:
        SearchSpaceError: There is no such block; the error names the closest.
    """
    discover()
    if name not in _blocks:
        raise unknown("block", name, _blocks)
    return _blocks[name]


def find_registered(name: str) -> Block | None:
    """Return a registered block, None if there is none of this name."""
    discover()
    return _blocks.get(name)


def find_attention(name: str) -> Attention:
    """Return a registered attention.

    Raises:
        SearchSpaceError: There is no such attention; the error names the closest.
    """
    discover()
    if name not in _attentions:
        raise unknown("attention", name, ["none", *_attentions])
    return _attentions[name]


def block_names() -> tuple[str, ...]:
    """Return the names of all registered blocks, sorted."""
    discover()
    return tuple(sorted(_blocks))


def attention_names() -> tuple[str, ...]:
    """Return the names of all registered attentions, sorted, without `none`."""
    discover()
    return tuple(sorted(_attentions))


def custom_functions() -> tuple[tuple[str, Any], ...]:
    """Return the custom blocks registered in this process: names and functions.

    Two results are equal if and only if no block was added or redefined in between.
    """
    custom = sorted((block for block in _blocks.values() if block.path), key=_name)
    return tuple((block.name, block.function) for block in custom)


def _name(block: Block) -> str:
    return block.name


def forget_block(name: str) -> None:
    """Remove a block, for tests and notebooks that redefine one."""
    _blocks.pop(name, None)


@lru_cache(maxsize=1)
def discover() -> None:
    """Import all modules of `space.blocks` once, which registers their blocks."""
    package = importlib.import_module("kedro_nas.space.blocks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def unknown(idea: str, name: Any, allowed: Any) -> SearchSpaceError:
    """Return the error for an unknown name, with the closest allowed one as a hint."""
    words = [str(word) for word in allowed]
    close = difflib.get_close_matches(str(name), words, n=1)
    return SearchSpaceError(
        f"there is no {idea} '{name}'",
        received=str(name),
        allowed=", ".join(sorted(words)),
        remedy=f"Did you mean '{close[0]}'?" if close else f"Choose a known {idea}",
    )


def _identity(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__
