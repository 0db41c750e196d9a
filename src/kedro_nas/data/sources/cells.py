"""Columns of a table, and the conversion of cells to raw images."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterable, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from kedro_nas.data.pandas_values import is_na
from kedro_nas.data.sources.base import Columns, LocalFile, Raw
from kedro_nas.data.sources.remote import LOCAL, Storage
from kedro_nas.errors import DataError

_USUAL = {
    "image": ("image", "img", "images", "path", "file_name", "filename", "filepath",
              "file_path", "file", "image_path", "pixels"),
    "label": ("label", "labels", "class", "class_name", "target", "category", "y",
              "fine_label"),
    "split": ("split",),
    "group": (),
}  # fmt: skip


def resolve_columns(
    present: Sequence[str], wanted: Columns, where: str, *, has_labels: bool = True
) -> Columns:
    """Find the column of a table for each role.

    Args:
        present: Columns of the table.
        wanted: Names given by the user; None to look for a usual name.
        where: Description of the table for messages.
        has_labels: Whether a column of labels is needed; else only the image column is
            looked for.

    Raises:
        DataError: A named column, the image or the label is missing or ambiguous.
    """
    found: dict[str, str | None] = {}
    folded = {name.strip().lower(): name for name in reversed(present)}
    roles = _USUAL if has_labels else {"image": _USUAL["image"]}
    for role, usual in roles.items():
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
                allowed="columns with different names",
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
    storage: Storage = LOCAL,
    home: str = "",
) -> Raw:
    """Convert a cell to a raw image.

    Args:
        cell: Encoded bytes, `{"bytes", "path"}`, a path, an array, nested lists, a
            `PIL.Image`, or flat pixels when a shape is given.
        root: Folder or URL from which relative paths start.
        shape: Height, width, channels of flat pixels, or None.
        storage: Used if the image is remote.
        home: Location of the table, see `Storage.limited_to`.
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
        return located(str(cell), root, storage, home)
    if shape is not None and isinstance(cell, bytes | np.ndarray):
        flat = np.frombuffer(cell, np.uint8) if isinstance(cell, bytes) else cell
        # a wrong length stays flat; the decoder sets it aside because of its shape
        return flat.reshape(shape) if flat.size == np.prod(shape) else flat
    return cell


def _is_gap(cell: Any) -> bool:
    if isinstance(cell, str):
        return not cell.strip()
    return is_na(cell) or (isinstance(cell, float) and isnan(cell))


def located(
    path: str,
    root: str,
    storage: Storage = LOCAL,
    home: str = "",
) -> Raw:
    """Return a local path joined to its root, or the content of a remote file."""
    if "://" not in path and "://" not in root:
        return LocalFile(os.path.join(root, path))  # noqa: PTH118 - fast, per image
    address = path if "://" in path else f"{root.rstrip('/')}/{path}"
    return storage.limited_to((home, root), address).fetch(address)


def _stacked(cell: Iterable[Any]) -> list[Any]:
    return [
        _stacked(part) if isinstance(part, list | tuple | np.ndarray) else part
        for part in cell
    ]


def content_key(parts: Iterable[Any]) -> str:
    """Return a hash of bytes, arrays, files (by size and time) and plain values."""
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
    """Return a text of path, size and modification time of a file."""
    try:
        status = os.stat(path)  # noqa: PTH116 - fast, per image
    except (OSError, ValueError):  # ValueError: a null character in the path
        return f"{path}:missing"
    return f"{path}:{status.st_size}:{status.st_mtime_ns}"
