"""State on disk that a kill cannot tear: written beside, synced, then renamed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that readers see the old content or the new, nothing between.

    Args:
        path: The file; its folder is made when missing.
        write: Called with the open binary file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write strict JSON atomically; NaN and infinities become null."""
    text = json.dumps(finite(value), indent=2, allow_nan=False)
    write_atomically(path, lambda file: file.write(text.encode()))


def append_json_line(path: Path, value: Any) -> None:
    """Append one JSON line and sync it, so that a kill loses no finished line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(finite(value), allow_nan=False) + "\n"
    with path.open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def read_json_lines(path: Path) -> list[Any]:
    """Read the whole lines of a JSON-lines file; a torn last line is left out."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line.strip()]


def finite(value: Any) -> Any:
    """Turn a value into what strict JSON can hold, NaN and infinities into None.

    >>> finite({"a": float("nan"), "b": (1, 2.5)})
    {'a': None, 'b': [1, 2.5]}
    """
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if hasattr(value, "item") and not getattr(value, "shape", ()):
        value = value.item()
    elif hasattr(value, "tolist"):
        return finite(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
