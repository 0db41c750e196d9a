"""A user's blocks: found by their path, registered, measured by building once."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.registry import Value, find_registered, register_block


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
        if known is not None and known.path == path:
            continue
        function = import_function(path, f"custom block '{name}'")
        known = find_registered(name)  # the import may have registered it itself
        if known is None or known.function is not function:
            register_block(name, options=(options or {}).get(name), path=path)(function)


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
