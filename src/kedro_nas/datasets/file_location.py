"""Where the files of a dataset are, and with which arguments they are reached."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import fsspec
from fsspec.spec import AbstractFileSystem
from kedro.io.core import DatasetError, get_protocol_and_path
from typing_extensions import Self

from kedro_nas.errors import DataError

KedroConfig = dict[str, Any]
"""Values of a catalog entry or of `credentials.yml`, which Kedro hands to a dataset.

Their keys belong to fsspec, its file systems and Kedro's plugins: a dataset of ours
takes them in its constructor and makes a `FileLocation` of them at once.
"""

# Arguments of every fsspec file system, in addition to those of its class.
_COMMON = frozenset(
    {"use_listings_cache", "listings_expiry_time", "max_paths", "skip_instance_cache"}
    | {"asynchronous", "loop", "batch_size"}
)
# Kedro's names for arguments of `open`, which our datasets do not call.
OF_OPEN = frozenset({"open_args_load", "open_args_save"})
# File systems that ignore unknown arguments. Others pass them on, as HTTP does with
# `headers`.
_CLOSED = frozenset(f"fsspec.implementations.{n}" for n in ("local", "memory", "zip"))


@dataclass(frozen=True)
class FileLocation:
    """A path on a file system, and the arguments that open the file system.

    Attributes:
        protocol: Such as `file` or `s3`.
        path: Without the protocol.
        options: Arguments of the file system, each known to it.
    """

    protocol: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(
        cls,
        address: str,
        *,
        credentials: KedroConfig | None = None,
        fs_args: KedroConfig | None = None,
    ) -> Self:
        """Read the location from the values of a catalog entry.

        Args:
            address: POSIX path, with a protocol such as `s3://` when remote.
            credentials: From `credentials.yml`; they override `fs_args`.
            fs_args: From the catalog entry.

        Raises:
            DatasetError: `fs_args` has an argument that this file system does not know
                and would ignore.
        """
        protocol, path = get_protocol_and_path(address)
        given = fs_args or {}
        if given:
            _check_names(protocol, set(given))
        options = {**deepcopy(given), **deepcopy(credentials or {})}
        return cls(protocol, path, options)

    def open(self) -> AbstractFileSystem:
        """Open the file system; on this machine it makes missing folders.

        Raises:
            DataError: The package of its protocol is not installed.
        """
        defaults = {"auto_mkdir": True} if self.protocol == "file" else {}
        try:
            return fsspec.filesystem(self.protocol, **{**defaults, **self.options})
        except ImportError as error:
            raise DataError(
                f"the path {self.protocol}://{self.path} cannot be reached",
                received=f"an environment without its package ({error})",
                allowed="a path on this machine, or the package of its protocol",
                remedy="Run pip install 'kedro-nas[s3]'"
                if self.protocol in {"s3", "s3a"}
                else "Install that package",
            ) from error


def _check_names(protocol: str, given: set[str]) -> None:
    known, is_all = _known(protocol)
    wrong = [
        name
        for name in sorted(given - known)
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


def _closest(name: str, known: set[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.8)), None)


def _known(protocol: str) -> tuple[set[str], bool]:
    """Return the known arguments of a protocol, and whether it ignores others."""
    try:
        kind = fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError):
        return set(), False  # the error on opening it names the package to install
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = set(_COMMON).union(
        name
        for base in kind.__mro__
        if base not in (object, AbstractFileSystem) and "__init__" in vars(base)
        for name, parameter in inspect.signature(base.__init__).parameters.items()
        if parameter.kind in named and name not in {"self", "fs", "fo"}
    )
    return known, kind.__module__ in _CLOSED
