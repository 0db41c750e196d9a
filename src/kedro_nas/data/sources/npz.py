"""NumPy archives, read in a stream and without pickles."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from typing import IO, Any, overload

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.sources.arrays import ArraysSource, Part, parts_of
from kedro_nas.data.sources.cells import file_key
from kedro_nas.errors import DataError


class NpzSource(ArraysSource):
    """Arrays named `images` and `labels`, or `x_train`, `y_train`, `x_test`, `y_test`.

    Args:
        path: Local path of the archive.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        name = f"the archive {path}"
        super().__init__(lambda: _parts(path, name), name, file_key(path))


def _parts(path: str, name: str) -> list[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.namelist() if m.endswith(".npy")]
        arrays = {member[:-4]: _Member(path, member) for member in members}
        parts = parts_of(arrays, name)
        return [(s, images, labels.whole()) for s, images, labels in parts]
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise DataError(
            f"cannot read {name}",
            received=str(error),
            allowed="an .npz file of plain arrays (object arrays are pickles)",
            remedy="Check the path, or write it with numpy.savez",
        ) from error


class _Member(Sequence[NDArray[Any]]):
    """One array of an archive; ascending items are read without holding the rest."""

    def __init__(self, path: str, member: str) -> None:
        self.path, self.member = path, member
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            self.shape, fortran, self.dtype = _header(file)
        if self.dtype.hasobject:
            raise ValueError(f"{member} holds objects, which only a pickle can carry")
        if fortran:
            raise ValueError(f"{member} is stored by columns; save it in C order")
        self.ndim = len(self.shape)
        self._file: IO[bytes] | None = None
        self._next = 0

    def __len__(self) -> int:
        return int(self.shape[0]) if self.shape else 0

    @overload
    def __getitem__(self, row: int) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[NDArray[Any]]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(row)
        if self._file is None or row < self._next:
            self._file = zipfile.ZipFile(self.path).open(self.member)  # noqa: SIM115 - read on
            _header(self._file)
            self._next = 0
        n_bytes = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        while self._next < row:
            self._file.read(n_bytes)
            self._next += 1
        self._next += 1
        item = np.frombuffer(self._file.read(n_bytes), self.dtype)
        return item.reshape(self.shape[1:])

    def whole(self) -> NDArray[Any]:
        """The whole array, for labels."""
        return np.array([self[i] for i in range(len(self))], self.dtype)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)
