"""The functions a user wrote, for blocks and models: imported and called."""

from __future__ import annotations

import importlib
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.formulas import block_output_shape
from kedro_nas.space.registry import Block, BlockArguments


def import_function(path: str, what: str) -> Any:
    """Import a function that a user wrote.

    Args:
        path: `package.module:function`.
        what: What it is used for, for the message.

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


def call_custom_block(block: Block, x: Any, arguments: BlockArguments) -> Any:
    """Call a custom block over Keras tensors and check the shape of its output.

    Raises:
        SearchSpaceError: It raised, or its output has another shape than promised.
    """
    where = (
        f"the block '{block.name}' ({block.path}) on {tuple(x.shape[1:])} with "
        f"{arguments}"
    )
    try:
        y = block.function(x, **arguments.as_keywords())
        found = tuple(y.shape[1:])
    except Exception as error:
        raise SearchSpaceError(
            f"{where} failed", received=f"{type(error).__name__}: {error}"
        ) from error
    promised = block_output_shape(tuple(x.shape[1:]), arguments)
    if found != promised:
        raise SearchSpaceError(
            f"{where} has the wrong shape", received=str(found), allowed=str(promised)
        )
    return y
