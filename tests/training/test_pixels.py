"""Pixels of development rows, in memory or from the mapped store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.training.pixels import DevelopmentPixels, development_pixels


@pytest.mark.parametrize("max_resident_mb", [100, 0])
def test_pixels_are_gathered_by_position(
    store_folder: Path, max_resident_mb: int
) -> None:
    """A batch is float32 in 0 to 255 with its labels, wherever pixels are."""
    store = ImageStore.open(store_folder)
    pixels = DevelopmentPixels(store, max_resident_mb=max_resident_mb)
    rows = np.array([7, 0, 25])
    batch, labels = pixels.gather(pixels.positions(rows))

    assert pixels.resident == (max_resident_mb > 0)
    np.testing.assert_array_equal(batch, np.asarray(store.pixels[rows], np.float32))
    assert np.asarray(labels).tolist() == store.labels[rows].tolist()


def test_pixels_test_rows_cannot_be_asked_for(store_folder: Path) -> None:
    """A worker cannot address a test row even by mistake."""
    store = ImageStore.open(store_folder)
    pixels = DevelopmentPixels(store, max_resident_mb=100)

    with pytest.raises(ValueError, match="test row"):
        pixels.positions(store.test_rows()[:1])


def test_development_pixels_are_loaded_once(store_folder: Path) -> None:
    """Tasks of one process share them; other content is loaded anew."""
    path = str(store_folder)

    assert development_pixels(path, "a", 10) is development_pixels(path, "a", 10)
    assert development_pixels(path, "a", 10) is not development_pixels(path, "b", 10)
