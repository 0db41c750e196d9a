"""The store of prepared images: memory-mapped pixels, labels, splits and folds."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from kedro_nas.errors import DataError
from kedro_nas.records.preprocessing import Preprocessing

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FORMAT = 1
FILES = ("pixels.npy", "index.parquet", "store.json")
_CHUNK_BYTES = 32 * 2**20


class StoreDescription(BaseModel):
    """What `store.json` holds.

    Attributes:
        format: Version of the three files.
        image_shape: Height, width, channels.
        class_names: Names of the labels, in the order of their numbers.
        n_images: Number of images.
        n_folds: Folds of the cross-validation.
        n_repeats: Drawings of the folds.
        fingerprint: Digest of pixels, labels, splits, folds and layout.
        preprocessing: How images become these pixels; None in a store of an earlier
            version.
    """

    model_config = ConfigDict(frozen=True)

    format: int
    image_shape: tuple[int, int, int]
    class_names: list[str]
    n_images: int
    n_folds: int
    n_repeats: int
    fingerprint: str
    preprocessing: Preprocessing | None = None


class ImageStore:
    """A folder of prepared images that several processes share without copies.

    Pixels are memory-mapped. A row number refers to the same image in `pixels`,
    `labels`, `split`, `folds` and `index`. The three files are described in
    docs/reference/files.md.
    """

    def __init__(self, path: Path, description: StoreDescription) -> None:
        self.path = path
        self.class_names = description.class_names
        self.image_shape = description.image_shape
        self.n_folds = description.n_folds
        self.n_repeats = description.n_repeats
        self.fingerprint = description.fingerprint
        self.preprocessing = description.preprocessing
        self._n_images = description.n_images

    @classmethod
    def open(cls, path: str | Path) -> ImageStore:
        """Open a store that `prepare_images` has written.

        Raises:
            DataError: The folder is missing, incomplete or of another format.
        """
        path = Path(path)
        missing = [name for name in FILES if not (path / name).is_file()]
        if missing:
            raise DataError(
                f"cannot open the image store at {path}",
                received=f"no {', no '.join(missing)}",
                allowed=f"a directory with {', '.join(FILES)}",
                remedy="Run the data_preparation pipeline",
            )
        description = json.loads((path / "store.json").read_text())
        if description.get("format") != FORMAT:
            raise DataError(
                f"cannot open the image store at {path}",
                received=f"format {description.get('format')}",
                allowed=f"format {FORMAT}",
                remedy="Run the data_preparation pipeline again",
            )
        store = cls(path, StoreDescription.model_validate(description))
        store._check_pixels()
        return store

    def _check_pixels(self) -> None:
        """Check the header and length of the pixel file, without reading pixels.

        Raises:
            DataError: It is cut short, or holds other images.
        """
        expected = (len(self), *self.image_shape)
        try:
            shape = np.load(self.path / "pixels.npy", mmap_mode="r").shape
        except (ValueError, EOFError) as error:
            raise self._damaged(str(error), expected) from error
        if shape != expected:
            raise self._damaged(f"pixels of shape {shape}", expected)

    def _damaged(self, received: str, expected: tuple[int, ...]) -> DataError:
        return DataError(
            f"the image store at {self.path} is damaged",
            received=received,
            allowed=f"pixels.npy of shape {expected}",
            remedy="Run the data_preparation pipeline: it prepares the images again",
        )

    def __len__(self) -> int:
        return self._n_images

    def __repr__(self) -> str:
        return (
            f"ImageStore({len(self)} images of {self.image_shape}, "
            f"{self.n_classes} classes, {self.path})"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out loaded arrays; other processes open the files themselves."""
        lazy = ("pixels", "index", "labels", "split", "folds")
        return {key: value for key, value in vars(self).items() if key not in lazy}

    @property
    def n_classes(self) -> int:
        """Number of classes, at least 2."""
        return len(self.class_names)

    @cached_property
    def pixels(self) -> np.memmap[Any, np.dtype[np.uint8]]:
        """All pixels, uint8 `(n, height, width, channels)`, read when used."""
        pixels: np.memmap[Any, np.dtype[np.uint8]] = np.load(
            self.path / "pixels.npy", mmap_mode="r"
        )
        return pixels

    @cached_property
    def index(self) -> pd.DataFrame:
        """A row per image in the order of `pixels`."""
        import pandas as pd

        return pd.read_parquet(self.path / "index.parquet")

    def _columns(self, *names: str) -> pa.Table:
        """Read columns of the index without pandas, whose import takes 0.7 s."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path / "index.parquet") as file:
            return file.read(columns=list(names))

    @cached_property
    def labels(self) -> NDArray[np.int32]:
        """Class numbers, `(n,)`, indices into `class_names`."""
        return _integers(self._columns("label")["label"]).astype(np.int32)

    @cached_property
    def split(self) -> NDArray[np.str_]:
        """`train`, `val` or `test` of each image, `(n,)`."""
        return np.array(self._columns("split")["split"].to_pylist(), "U5")

    @cached_property
    def folds(self) -> NDArray[np.int8]:
        """Fold of each image in each repeat, `(n, n_repeats)`; -1 on test rows."""
        names = [f"fold_{repeat}" for repeat in range(self.n_repeats)]
        table = self._columns(*names)
        columns = [_integers(table[name]) for name in names]
        return np.stack(columns, axis=1).astype(np.int8)

    def rows(self, *splits: str) -> NDArray[np.int64]:
        """Return the row numbers of `train`, `val`, or both (also called `dev`).

        Test rows have a separate method, so that their use is visible in the code.

        Raises:
            DataError: Another name, or none.
        """
        names = {part for name in splits for part in _DEV.get(name, (name,))}
        if not names or not names <= {"train", "val"}:
            raise DataError(
                "there are no rows of this name",
                received=repr(splits),
                allowed="'train', 'val', 'dev' (both)",
                remedy="Call test_rows() for the test, in the node that reports it",
            )
        return np.flatnonzero(np.isin(self.split, sorted(names))).astype(np.int64)

    def test_rows(self) -> NDArray[np.int64]:
        """Return the row numbers of the test, which no choice may depend on."""
        return np.flatnonzero(self.split == "test").astype(np.int64)

    def fold(self, repeat: int, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows to train on and the rows held out in one fold.

        Args:
            repeat: Which drawing of the folds, in [0, n_repeats).
            k: Which fold is held out, in [0, n_folds).

        Raises:
            DataError: There is no such repeat or fold.
        """
        if not (0 <= repeat < self.n_repeats and 0 <= k < self.n_folds):
            raise DataError(
                "there is no such fold",
                received=f"repeat {repeat}, fold {k}",
                allowed=f"repeat < {self.n_repeats}, fold < {self.n_folds}",
                remedy="Raise n_repeats or n_folds of data_preparation",
            )
        fold = self.folds[:, repeat]
        held_out = np.flatnonzero(fold == k).astype(np.int64)
        return np.flatnonzero((fold >= 0) & (fold != k)).astype(np.int64), held_out

    def channel_statistics(
        self,
        rows: NDArray[np.int64],
        on_progress: Callable[[], None] = lambda: None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean and standard deviation of each channel over some rows.

        Pixels are read in pieces, so memory does not grow with the images. The
        deviation is at least 1, so that constant channels can be divided by it.

        Args:
            rows: Row numbers, at least one.
            on_progress: Called after each piece.

        Returns:
            Two arrays `(channels,)` in units of 0-255.
        """
        per_image = int(np.prod(self.image_shape))
        step = max(1, _CHUNK_BYTES // per_image)
        counts = np.zeros((self.image_shape[2], 256), np.int64)
        rows = np.sort(np.asarray(rows, np.int64))
        for start in range(0, len(rows), step):
            pixels = self.pixels[rows[start : start + step]]
            for channel in range(len(counts)):
                values = pixels[..., channel].ravel()
                counts[channel] += np.bincount(values, minlength=256)
            on_progress()
        levels = np.arange(256.0)
        total = counts.sum(axis=1)
        mean = counts @ levels / total
        # exact integer histograms: no loss of precision over millions of images
        variance = counts @ levels**2 / total - mean**2
        std = np.sqrt(np.maximum(variance, 1.0))
        return mean.astype(np.float32), std.astype(np.float32)


_DEV = {"dev": ("train", "val")}


def _integers(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column without gaps; its own `to_numpy` would import pandas."""
    return np.from_dlpack(column.combine_chunks())
