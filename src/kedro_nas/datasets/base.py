"""Common parts of our datasets: previews, file systems, and datasets of one file."""

from __future__ import annotations

import difflib
import inspect
import json
from copy import deepcopy
from pathlib import Path, PurePosixPath
from typing import IO, Any, NewType, TypeVar

import fsspec
from fsspec.spec import AbstractFileSystem
from kedro.io.core import (
    AbstractVersionedDataset,
    DatasetError,
    Version,
    get_filepath_str,
    get_protocol_and_path,
)

from kedro_nas.files import finite, write_atomically

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")

# kedro-viz chooses a dataset's panel by the name of the annotation of its preview;
# kedro-datasets has the same types in a private module
HTMLPreview = NewType("HTMLPreview", str)
ImagePreview = NewType("ImagePreview", str)
JSONPreview = NewType("JSONPreview", str)
TablePreview = NewType("TablePreview", dict[str, Any])

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


def to_json(value: Any) -> JSONPreview:
    """Convert a value to JSON for kedro-viz; NaN becomes null."""
    return JSONPreview(json.dumps(finite(value)))


def storage_options(
    protocol: str,
    credentials: dict[str, Any] | None,
    fs_args: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the arguments of a file system; credentials override `fs_args`.

    Args:
        protocol: Such as `file` or `s3`.
        credentials: From `credentials.yml`.
        fs_args: From the catalog entry.

    Raises:
        DatasetError: `fs_args` has an argument that this file system does not know and
            would ignore.
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
        credentials: From `credentials.yml`; they override `fs_args`.
        fs_args: From the catalog entry.

    Raises:
        DatasetError: `fs_args` has an unknown argument.
    """
    options = storage_options(protocol, credentials, fs_args)
    return fsspec.filesystem(protocol, **options)


class FileDataset(AbstractVersionedDataset[Saved, Loaded]):
    """A dataset of one file on any fsspec file system; writes are atomic.

    Args:
        filepath: POSIX path, with a protocol such as `s3://` when remote.
        version: Kedro's version; `versioned: true` in the catalog sets it.
        credentials: Passed to the filesystem, from `credentials.yml`.
        fs_args: Further arguments of the file system; credentials override them.
        metadata: For plugins such as kedro-viz; ignored by Kedro.
    """

    def __init__(
        self,
        *,
        filepath: str,
        version: Version | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        protocol, path = get_protocol_and_path(filepath, version)
        if protocol == "file":
            fs_args = {"auto_mkdir": True, **(fs_args or {})}
        self._protocol = protocol
        self._fs = open_filesystem(protocol, credentials, fs_args)
        self.metadata = metadata
        super().__init__(
            filepath=PurePosixPath(path),
            version=version,
            exists_function=self._fs.exists,
            glob_function=self._fs.glob,
        )

    def _read_bytes(self) -> bytes:
        path = get_filepath_str(self._get_load_path(), self._protocol)
        content: bytes = self._fs.cat_file(path)
        return content

    def _write_bytes(self, content: bytes) -> None:
        path = get_filepath_str(self._get_save_path(), self._protocol)
        if self._protocol == "file":

            def write(file: IO[bytes]) -> None:
                file.write(content)

            write_atomically(Path(path), write)
        else:  # object stores replace an object atomically
            self._fs.pipe_file(path, content)
        self._fs.invalidate_cache(get_filepath_str(self._filepath, self._protocol))

    def _describe(self) -> dict[str, Any]:
        return {
            "filepath": self._filepath,
            "protocol": self._protocol,
            "version": self._version,
        }

    def _exists(self) -> bool:
        try:
            path = get_filepath_str(self._get_load_path(), self._protocol)
        except DatasetError:
            return False
        return bool(self._fs.exists(path))

    def _release(self) -> None:
        super()._release()
        self._fs.invalidate_cache(get_filepath_str(self._filepath, self._protocol))


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
