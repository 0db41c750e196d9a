"""A user's blocks: imported by their path, registered, called and checked."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.block_programs import check_blocks
from kedro_nas.space.measured import output_shape
from kedro_nas.space.registry import Block, Value, find_registered, register_block


def register_custom_blocks(
    blocks: Mapping[str, str],
    options: Mapping[str, Mapping[str, Sequence[Value]]] | None = None,
) -> None:
    """Import and register the user's blocks; those registered already are left.

    Safe to call again, in any process: workers, the export, a notebook.

    Args:
        blocks: Name to `package.module:function`.
        options: Name to the block's own choices, when given in YAML.

    Raises:
        SearchSpaceError: A module or function is not there, or fails on import.
    """
    for name, path in blocks.items():
        known = find_registered(name)
        if known is not None and known.path == path and not _is_redefined(known):
            continue
        function = import_function(path, f"custom block '{name}'")
        chosen = (options or {}).get(name)
        if chosen is None and known is not None:
            chosen = known.options
        known = find_registered(name)  # the import may have registered it itself
        if known is None or known.function is not function:
            register_block(name, options=chosen, path=path)(function)


def _is_redefined(block: Block) -> bool:
    """Return whether a block's module was loaded anew, as a notebook does."""
    module, _, attribute = block.path.partition(":")
    now = getattr(sys.modules.get(module), attribute, None)
    return now is not None and now is not block.function


def register_blocks_of(architecture: Architecture) -> None:
    """Register the user's blocks of a network, and see that they are what was searched.

    Raises:
        SearchSpaceError: A block cannot be imported, or has changed since.
    """
    register_custom_blocks(dict(architecture.custom_blocks))
    check_blocks(architecture)


def import_function(path: str, what: str) -> Any:
    """Import what a user wrote.

    Args:
        path: `package.module:function`.
        what: What it is to us, for the message.

    Raises:
        SearchSpaceError: It is not there, or its module fails on import.
    """
    module, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise SearchSpaceError(
            f"cannot import the {what}",
            received=f"{path} ({type(error).__name__}: {error})",
            allowed="package.module:function, importable by every process",
            remedy="Put the module into the project's src/ or install its package",
        ) from error


def call_opaque(block: Any, x: Any, arguments: dict[str, Any]) -> Any:
    """Call a user's block over Keras tensors and check what comes back.

    Raises:
        SearchSpaceError: It raised, or its map has another shape than promised.
    """
    said = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    where = (
        f"the block '{block.name}' ({block.path}) on {tuple(x.shape[1:])} with {said}"
    )
    try:
        y = block.function(x, **arguments)
        got = tuple(y.shape[1:])
    except Exception as error:
        raise SearchSpaceError(
            f"{where} failed", received=f"{type(error).__name__}: {error}"
        ) from error
    promised = output_shape(tuple(x.shape[1:]), arguments)
    if got != promised:
        raise SearchSpaceError(
            f"{where} has the wrong shape", received=str(got), allowed=str(promised)
        )
    return y
