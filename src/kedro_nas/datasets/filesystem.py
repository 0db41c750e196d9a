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
# Kedro's name for arguments of `open`, which our datasets do not call.
OF_OPEN = frozenset({"open_args_load", "open_args_save"})
# Those that ignore what they do not name. Others hand it on, e.g. `headers` to HTTP.
_CLOSED = frozenset(f"fsspec.implementations.{n}" for n in ("local", "memory", "zip"))


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
    known, is_all = _known(protocol) if given else (set[str](), True)
    wrong = [
        name
        for name in sorted(set(given) - known)
        if is_all or name in OF_OPEN or _closest(name, known)
    ]
    if wrong:
        close = _closest(wrong[0], known)
        hint = f" Did you mean '{close}'?" if close else ""
        raise DatasetError(
            f"`fs_args` has an argument that '{protocol}' does not know. "
            f"Received: {', '.join(wrong)}.{hint} "
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


def _closest(name: str, known: set[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.8)), None)


def _known(protocol: str) -> tuple[set[str], bool]:
    """Return the arguments a protocol names, and whether it takes no others."""
    try:
        kind = fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError):
        return set(), False  # opening it says what to install
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = set(_COMMON).union(
        name
        for base in kind.__mro__
        if base not in (object, AbstractFileSystem) and "__init__" in vars(base)
        for name, parameter in inspect.signature(base.__init__).parameters.items()
        if parameter.kind in named and name not in {"self", "fs", "fo"}
    )
    return known, kind.__module__ in _CLOSED
