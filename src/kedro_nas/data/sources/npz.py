"""NumPy archives, read as a stream and without pickles."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, Any, overload

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from kedro_nas.data.sources.arrays import ArraysSource, Part, parts_of
from kedro_nas.data.sources.base import Raw, Unusable, image_size
from kedro_nas.data.sources.cells import file_key
from kedro_nas.data.sources.remote import LOCAL, Storage, cannot_read
from kedro_nas.errors import DataError
from kedro_nas.redaction import redacted

_ALLOWED = "an .npz file of plain arrays (object arrays are pickles)"


class _Archive:
    """A local or remote zip file; holds no reference to its source."""

    def __init__(self, path: str, storage: Storage) -> None:
        self.path = path
        self.storage = storage
        self.max_pixels = NpzSource.max_pixels

    def open(self) -> zipfile.ZipFile:
        if "://" not in self.path:
            return zipfile.ZipFile(self.path)
        return zipfile.ZipFile(self.storage.open(self.path).open())

    def key(self) -> str:
        if "://" not in self.path:
            return file_key(self.path)
        return self.storage.key(self.path)


class NpzSource(ArraysSource):
    """Arrays named `images` and `labels`, or `x_train`, `y_train`, `x_test`, `y_test`.

    Args:
        path: Local path or fsspec URL of the archive.
        storage: Used if it is remote.
    """

    def __init__(self, path: str, storage: Storage = LOCAL) -> None:
        archive = self._archive = _Archive(path, storage)
        name = f"the archive {redacted(path)}"
        super().__init__(lambda: _parts(archive, name), name, archive.key)

    @override
    def read(self, rows: NDArray[np.int64]) -> Iterator[Raw]:
        self._archive.max_pixels = self.max_pixels
        try:
            yield from super().read(rows)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            raise cannot_read(self.describe(), error, _ALLOWED) from error


def _parts(archive: _Archive, name: str) -> list[Part]:
    try:
        with archive.open() as file:
            members = [m for m in file.namelist() if m.endswith(".npy")]
        arrays = {member[:-4]: _Member(archive, member) for member in members}
        parts = parts_of(arrays, name)
        return [
            (split, images, None if labels is None else labels.whole())
            for split, images, labels in parts
        ]
    except DataError:
        raise
    except Exception as error:
        raise cannot_read(name, error, _ALLOWED) from error


class _Member(Sequence[NDArray[Any]]):
    """One array of an archive, read item by item without loading the rest."""

    def __init__(self, archive: _Archive, member: str) -> None:
        self._archive, self.member = archive, member
        with archive.open() as whole, whole.open(member) as file:
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
        if image_size(self.shape[1:]) > self._archive.max_pixels:
            size = "x".join(map(str, self.shape[1:]))
            return Unusable(f"oversized: {size} pixels")
        if self._file is None or row < self._next:
            self._file = self._archive.open().open(self.member)
            _header(self._file)
            self._next = 0
        n_bytes = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        while self._next < row:
            self._file.read(n_bytes)
            self._next += 1
        self._next += 1
        content = self._file.read(n_bytes)
        if len(content) < n_bytes:
            raise ValueError(f"{self.member} ends at item {row} of {len(self)}")
        item = np.frombuffer(content, self.dtype)
        return item.reshape(self.shape[1:])

    def whole(self) -> NDArray[Any]:
        """Return the whole array, for labels."""
        return np.array([self[i] for i in range(len(self))], self.dtype)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)
