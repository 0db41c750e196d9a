"""Files that stay whole if the process is killed: temporary file, sync, rename."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import math
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from typing_extensions import Buffer

logger = logging.getLogger(__name__)


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that readers see either the old or the new content.

    Args:
        path: The file; its folder is created if missing.
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


def write_file_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file with a function that needs a path, such as `keras.Model.save`.

    Args:
        path: The file; its folder is created if missing.
        write: Called with a temporary path in the same folder, of the same suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        write(beside)
        # without it the rename may reach the disk before the content
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_at(number: int, content: Buffer, offset: int) -> None:
    """Write all bytes at an offset of an open file.

    `os.pwrite` may write only a part, for instance when the disk is full; its next
    call raises the reason.

    Args:
        number: File descriptor, open for writing.
        content: Bytes, or a contiguous array.
        offset: Bytes from the start of the file.

    Raises:
        OSError: Not all of it could be written.
    """
    left = memoryview(content).cast("B")
    while left:
        written = os.pwrite(number, left, offset)
        if not written:
            raise OSError(errno.EIO, "the file system takes no more bytes")
        left, offset = left[written:], offset + written


def file_digest(path: Path) -> str:
    """Return a digest of a file's content: 16 hexadecimal digits.

    It is computed once per process for the same path, size and modification time.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.
    """
    status = path.stat()
    return _content_digest(path.resolve(), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _content_digest(path: Path, size: int, modified_ns: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def write_json(path: Path, value: Any) -> None:
    """Write strict JSON atomically; NaN and infinities become null."""
    text = json.dumps(finite(value), indent=2, allow_nan=False)
    write_atomically(path, lambda file: file.write(text.encode()))


def append_json_line(path: Path, value: Any, *, sync: bool = True) -> None:
    """Append one JSON line, so that no finished line is lost.

    An incomplete last line, left by a killed process or a full disk, is removed first;
    otherwise the new line would be joined to it and lost.

    Args:
        path: The file; folders are made.
        value: Written as JSON.
        sync: Whether to wait until the disk has the line. Without it the line survives
            the end of this process, but perhaps not that of the machine.
    """
    append_line(path, _json_text(value).encode(), sync=sync)


def append_line(path: Path, text: bytes, *, sync: bool = True) -> None:
    """Append a line; see `append_json_line`.

    Args:
        path: The file; folders are made.
        text: Without its end.
        sync: Whether to wait until the disk has the line.
    """
    line = text + b"\n"
    with _open_to_append(path) as file:
        size = file.seek(0, os.SEEK_END)
        end = _end_of_whole_lines(file, size)
        if end < size:
            file.truncate(end)
        try:
            while line:
                line = line[file.write(line) :]
            if sync:
                os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def _json_text(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):  # NumPy's types, or not finite: rare, and slower
        return json.dumps(finite(value), allow_nan=False)


def _open_to_append(path: Path) -> IO[bytes]:
    try:
        return path.open("a+b", buffering=0)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+b", buffering=0)


def _end_of_whole_lines(file: IO[bytes], end: int) -> int:
    """Return where the last whole line before `end` ends."""
    if end:
        file.seek(end - 1)
        if file.read(1) == b"\n":
            return end
    while end:
        begin = max(0, end - 4096)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def read_json_lines(path: Path) -> list[Any]:
    """Read the complete lines of a JSON-lines file; damaged lines are skipped."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [value for line in lines for value in _whole_line(line, path)]


def _whole_line(line: bytes, path: Path) -> list[Any]:
    """Return the value of a line, or an empty list if it is blank or not JSON."""
    try:
        return [json.loads(line)] if line.strip() else []
    except ValueError:
        logger.warning("Skipped a damaged line of %s: %.60r", path, line)
        return []


def finite(value: Any) -> Any:
    """Convert a value to strict JSON types; NaN and infinities become None.

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


def name_of(*parts: Any) -> str:
    """Return a digest of JSON values: 12 hexadecimal digits, equal for equal values.

    >>> name_of({"a": 1}, [2]) == name_of({"a": 1}, (2,)) != name_of({"a": 2}, [2])
    True
    """
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
