"""The pixels a worker trains on: in memory as uint8, or read from the mapped store.

Test rows are never loaded: a worker holds the development rows only.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore


class DevelopmentPixels:
    """Pixels and labels of the development rows, addressed by position.

    Args:
        store: The image store.
        max_resident_mb: Limit above which pixels stay in the memory-mapped file, whose
            pages all workers share, and each batch is gathered from there.

    Attributes:
        labels: int32, one per position.
        resident: Whether the pixels are held in a tensor.
    """

    def __init__(self, store: ImageStore, *, max_resident_mb: int) -> None:
        import tensorflow as tf

        self._tf = tf
        self._mapped = store.pixels
        self._rows = np.sort(store.rows("dev"))
        self.shape = tuple(store.image_shape)
        self.labels = store.labels[self._rows].astype(np.int32)
        size_mb = len(self._rows) * int(np.prod(self.shape)) / 2**20
        self.resident = size_mb <= max_resident_mb
        if self.resident:
            self._pixels = tf.constant(np.ascontiguousarray(self._mapped[self._rows]))
        self._labels = tf.constant(self.labels)

    def positions(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Convert row numbers of the store to positions.

        Raises:
            ValueError: A row is not a development row.
        """
        found = np.searchsorted(self._rows, rows)
        inside = np.minimum(found, len(self._rows) - 1)
        if len(rows) and not np.array_equal(self._rows[inside], rows):
            raise ValueError("a test row was asked for as a development row")
        return found.astype(np.int32)

    def gather(self, positions: Any) -> tuple[Any, Any]:
        """Gather a batch in the graph: float32 pixels in 0 to 255, int32 labels."""
        tf = self._tf
        if self.resident:
            batch = tf.gather(self._pixels, positions)
        else:
            batch = tf.numpy_function(self._read, [positions], tf.uint8)
            batch = tf.ensure_shape(batch, (None, *self.shape))
        return tf.cast(batch, tf.float32), tf.gather(self._labels, positions)

    def _read(self, positions: NDArray[np.int32]) -> NDArray[np.uint8]:
        return np.asarray(self._mapped[self._rows[positions]])


@lru_cache(maxsize=2)
def development_pixels(
    path: str, fingerprint: str, max_resident_mb: int
) -> DevelopmentPixels:
    """Load the development rows once per process; the fingerprint names the content."""
    return DevelopmentPixels(ImageStore.open(path), max_resident_mb=max_resident_mb)
