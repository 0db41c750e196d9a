"""The file of all pixels: preallocated, written in place, shortened without a copy."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from kedro_nas.files import write_at, write_atomically

_HEADER_BYTES = 128  # NumPy pads to multiples of 64; a 4-D uint8 header fits in 128


def create_pixel_file(path: Path, n: int, shape: tuple[int, int, int]) -> int:
    """Create a sparse `.npy` file of zeros, unless a file of this shape exists.

    Returns:
        Bytes before the first pixel.
    """
    if not is_pixel_file(path, n, shape):

        def write(file: IO[bytes]) -> None:
            file.write(_header(n, shape))
            file.truncate(_n_bytes(n, shape))

        write_atomically(path, write)
    return _HEADER_BYTES


def is_pixel_file(path: Path, n: int, shape: tuple[int, int, int]) -> bool:
    """Return whether a file is complete and holds exactly `n` images of a shape."""
    try:
        with path.open("rb") as file:
            whole = os.fstat(file.fileno()).st_size == _n_bytes(n, shape)
            return whole and file.read(_HEADER_BYTES) == _header(n, shape)
    except FileNotFoundError:
        return False


def remove_rows(
    path: Path, keep: NDArray[np.bool_], shape: tuple[int, int, int]
) -> None:
    """Remove rows: move the last kept rows into the gaps, then truncate the file.

    Args:
        path: A file of `create_pixel_file`.
        keep: Whether each row is kept, `(n,)`.
        shape: Height, width, channels.
    """
    n_kept = int(keep.sum())
    n_bytes = int(np.prod(shape))
    size = _n_bytes(n_kept, shape)
    with path.open("r+b") as file:
        number = file.fileno()
        for hole, tail in zip(*_moves(keep), strict=True):
            row = os.pread(number, n_bytes, _HEADER_BYTES + tail * n_bytes)
            write_at(number, row, _HEADER_BYTES + hole * n_bytes)
        file.write(_header(n_kept, shape))
        file.truncate(size)
        file.flush()
        os.fsync(file.fileno())


def order_after(keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the old row number of each new row after `remove_rows`."""
    order = np.arange(int(keep.sum()), dtype=np.int64)
    holes, tails = _moves(keep)
    order[holes] = tails
    return order


def _moves(keep: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    n_kept = int(keep.sum())
    holes = np.flatnonzero(~keep[:n_kept])
    tails = n_kept + np.flatnonzero(keep[n_kept:])
    return holes.tolist(), tails.tolist()


def _n_bytes(n: int, shape: tuple[int, int, int]) -> int:
    return _HEADER_BYTES + n * int(np.prod(shape))


def _header(n: int, shape: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": (n, *shape)}
    np.lib.format.write_array_header_1_0(buffer, described)
    header = buffer.getvalue()
    # pad the header with spaces to a fixed length
    body = header[10:].rstrip().ljust(_HEADER_BYTES - 11) + b"\n"
    return header[:8] + len(body).to_bytes(2, "little") + body
