"""One cell of an image column, whatever a team put there, made a raw image."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterable, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kedro_nas.data.sources.base import (
    Columns,
    LocalFile,
    Raw,
    StorageOptions,
)
from kedro_nas.data.sources.remote import fetch, options_for
from kedro_nas.errors import DataError

_USUAL = {
    "image": ("image", "img", "images", "path", "file_name", "filename", "filepath",
              "file_path", "file", "image_path", "pixels"),
    "label": ("label", "labels", "class", "class_name", "target", "category", "y",
              "fine_label"),
    "split": ("split",),
    "group": (),
}  # fmt: skip


def resolve_columns(present: Sequence[str], wanted: Columns, where: str) -> Columns:
    """Find the columns a table has for each role.

    Args:
        present: Columns of the table.
        wanted: Names given by the user, None to look for a usual one.
        where: What the table is, for the message.

    Raises:
        DataError: A named column, or image or label, is not there, or there twice.
    """
    found: dict[str, str | None] = {}
    folded = {name.strip().lower(): name for name in reversed(present)}
    for role, usual in _USUAL.items():
        name = getattr(wanted, role)
        if name is None:
            name = next((folded[word] for word in usual if word in folded), None)
            if name is None and role in {"image", "label"}:
                raise _missing(
                    role, f"(none of {', '.join(usual)})", present, where, ""
                )
        elif name not in present:
            close = difflib.get_close_matches(name, list(present), n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            raise _missing(role, f"'{name}'", present, where, hint)
        if name is not None and list(present).count(name) > 1:
            raise DataError(
                f"{where} has several columns '{name}'",
                received=f"the columns {', '.join(present)}",
                allowed="one of each name",
                remedy="Rename or drop the others",
            )
        found[role] = name
    return Columns(**found)


def _missing(
    role: str, name: str, present: Sequence[str], where: str, hint: str
) -> DataError:
    return DataError(
        f"{where} has no {role} column {name}{hint}",
        received=f"the columns {', '.join(map(str, present)) or '(none)'}",
        allowed=f"one of them as {role}_column",
        remedy=f"Set {role}_column in the catalog entry or in nas.data_preparation",
    )


def to_raw(
    cell: Any,
    root: str,
    shape: Sequence[int] | None,
    storage_options: StorageOptions | None = None,
    home: str = "",
) -> Raw:
    """Turn a cell into what the decoder takes.

    Args:
        cell: Encoded bytes, `{"bytes", "path"}`, a path, an array, nested lists, a
            `PIL.Image`, or flat pixels when a shape is given.
        root: Folder or URL relative paths start from.
        shape: Height, width, channels of flat pixels, or None.
        storage_options: Given to fsspec where the image is remote.
        home: Where the table itself is, see `remote.options_for`.
    """
    if _is_gap(cell):
        return None
    if isinstance(cell, dict):
        cell = cell["bytes"] if cell.get("bytes") is not None else cell.get("path")
    if isinstance(cell, list | tuple):
        cell = np.asarray(_stacked(cell))
    if isinstance(cell, np.ndarray) and cell.dtype == object:
        cell = np.asarray(_stacked(cell))
    if isinstance(cell, str | Path):
        return located(str(cell), root, storage_options, home)
    if shape is not None and isinstance(cell, bytes | np.ndarray):
        flat = np.frombuffer(cell, np.uint8) if isinstance(cell, bytes) else cell
        # a wrong length stays flat and is set aside with its shape as the reason
        return flat.reshape(shape) if flat.size == np.prod(shape) else flat
    return cell


def _is_gap(cell: Any) -> bool:
    if isinstance(cell, str):
        return not cell.strip()
    return cell is pd.NA or (isinstance(cell, float) and isnan(cell))


def located(
    path: str,
    root: str,
    storage_options: StorageOptions | None = None,
    home: str = "",
) -> Raw:
    """Join a path to its root: a `LocalFile`, or the bytes behind a URL."""
    if "://" not in path and "://" not in root:
        return LocalFile(os.path.join(root, path))  # noqa: PTH118 - fast, per image
    address = path if "://" in path else f"{root.rstrip('/')}/{path}"
    return fetch(address, options_for(address, (home, root), storage_options or {}))


def _stacked(cell: Iterable[Any]) -> list[Any]:
    return [
        _stacked(part) if isinstance(part, list | tuple | np.ndarray) else part
        for part in cell
    ]


def content_key(parts: Iterable[Any]) -> str:
    """Hash a sequence of bytes, arrays, paths (by size and time) and plain values."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray) and part.dtype != object:
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).view(np.uint8).data)
        elif isinstance(part, bytes):
            digest.update(part)
        elif isinstance(part, LocalFile):
            digest.update(os.fsencode(file_key(part)))
        elif hasattr(part, "tobytes"):
            digest.update(part.tobytes())
        else:
            digest.update(repr(part).encode())
        digest.update(b"\x1f")
    return digest.hexdigest()


def file_key(path: str) -> str:
    """Name, size and time of change of a file; what `make` would look at."""
    try:
        status = os.stat(path)  # noqa: PTH116 - fast, per image
    except (OSError, ValueError):  # ValueError: no path at all, as with a zero in it
        return f"{path}:missing"
    return f"{path}:{status.st_size}:{status.st_mtime_ns}"
