"""The one large file: preallocated, written in place, and closed up without a copy."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES = 128  # NumPy pads to multiples of 64; a 4-D uint8 header fits in 128


def create_pixel_file(path: Path, n: int, shape: tuple[int, int, int]) -> int:
    """Make a `.npy` file of zeros, sparse, unless one of this shape is there already.

    Returns:
        Bytes before the first pixel.
    """
    if not path.exists() or np.load(path, mmap_mode="r").shape[1:] != shape:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(_header(n, shape))
            file.truncate(_HEADER_BYTES + n * int(np.prod(shape)))
    return _HEADER_BYTES


def close_up(path: Path, keep: NDArray[np.bool_], shape: tuple[int, int, int]) -> None:
    """Drop rows: the last kept ones move into the holes, then the file is cut.

    Args:
        path: A file of `create_pixel_file`.
        keep: Which rows stay, `(n,)`.
        shape: Height, width, channels.
    """
    n_kept = int(keep.sum())
    n_bytes = int(np.prod(shape))
    size = _HEADER_BYTES + n_kept * n_bytes
    with path.open("r+b") as file:
        number = file.fileno()
        for hole, tail in zip(*_moves(keep), strict=True):
            row = os.pread(number, n_bytes, _HEADER_BYTES + tail * n_bytes)
            os.pwrite(number, row, _HEADER_BYTES + hole * n_bytes)
        file.write(_header(n_kept, shape))
        file.truncate(size)
        file.flush()
        os.fsync(file.fileno())


def order_after(keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return which old row stands at each new row after `close_up`."""
    order = np.arange(int(keep.sum()), dtype=np.int64)
    holes, tails = _moves(keep)
    order[holes] = tails
    return order


def _moves(keep: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    n_kept = int(keep.sum())
    holes = np.flatnonzero(~keep[:n_kept])
    tails = n_kept + np.flatnonzero(keep[n_kept:])
    return holes.tolist(), tails.tolist()


def _header(n: int, shape: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": (n, *shape)}
    np.lib.format.write_array_header_1_0(buffer, described)
    header = buffer.getvalue()
    # the dictionary is padded with spaces up to a line end, which may move
    body = header[10:].rstrip().ljust(_HEADER_BYTES - 11) + b"\n"
    return header[:8] + len(body).to_bytes(2, "little") + body
