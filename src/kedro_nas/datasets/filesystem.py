"""One way in which all our datasets open a file system."""

from __future__ import annotations

import difflib
import inspect
from copy import deepcopy
from typing import Any

import fsspec
from fsspec.spec import AbstractFileSystem
from kedro.io.core import DatasetError

# What every fsspec file system takes besides the arguments of its class.
_COMMON = frozenset(
    {"use_listings_cache", "listings_expiry_time", "max_paths", "skip_instance_cache"}
    | {"asynchronous", "loop", "batch_size"}
)


def storage_options(
    protocol: str,
    credentials: dict[str, Any] | None,
    fs_args: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the arguments of a file system; where both name one, credentials win.

    Args:
        protocol: Such as `file` or `s3`.
        credentials: From `credentials.yml`.
        fs_args: From the catalog entry.

    Raises:
        DatasetError: `fs_args` has an argument that this file system does not know; it
            would be ignored in silence.
    """
    given = fs_args or {}
    known = _known(protocol) if given else None
    unknown = sorted(set(given) - known) if known is not None else []
    if known is not None and unknown:
        close = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise DatasetError(
            f"`fs_args` has an argument that '{protocol}' does not know. "
            f"Received: {', '.join(unknown)}.{hint} "
            f"Allowed: {', '.join(sorted(known))}. Correct the catalog entry."
        )
    return {**deepcopy(given), **deepcopy(credentials or {})}


def open_filesystem(
    protocol: str,
    credentials: dict[str, Any] | None,
    fs_args: dict[str, Any] | None,
) -> AbstractFileSystem:
    """Open a file system with credentials and further arguments.

    Args:
        protocol: Such as `file` or `s3`.
        credentials: From `credentials.yml`; they win over `fs_args`.
        fs_args: From the catalog entry.

    Raises:
        DatasetError: `fs_args` has an unknown argument.
    """
    options = storage_options(protocol, credentials, fs_args)
    return fsspec.filesystem(protocol, **options)


def _known(protocol: str) -> set[str] | None:
    """Return the arguments a protocol knows; None where its package is missing."""
    try:
        kind = fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError):
        return None  # opening it says what to install
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return set(_COMMON).union(
        name
        for base in kind.__mro__
        if base not in (object, AbstractFileSystem) and "__init__" in vars(base)
        for name, parameter in inspect.signature(base.__init__).parameters.items()
        if parameter.kind in named and name not in {"self", "fs", "fo"}
    )
