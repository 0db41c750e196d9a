"""Rows are removed in place, in a file that NumPy can read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedro_nas.data import pixel_file
from kedro_nas.data.pixel_file import create_pixel_file, order_after, remove_rows

SHAPE = (2, 3, 1)


def filled(path, n: int) -> np.ndarray:
    path.unlink(missing_ok=True)
    create_pixel_file(path, n, SHAPE)
    pixels = np.load(path, mmap_mode="r+")
    pixels[:] = np.arange(1, n + 1, dtype=np.uint8)[:, None, None, None]
    pixels.flush()
    return np.array(pixels)


@settings(deadline=None, max_examples=50)
@given(keep=st.lists(st.booleans(), min_size=1, max_size=40))
def test_close_up_keeps_what_is_kept(tmp_path_factory, keep):
    """The file holds exactly the kept rows, in the order `order_after` tells."""
    path = tmp_path_factory.mktemp("pixels") / "pixels.npy"
    before = filled(path, len(keep))
    remove_rows(path, np.array(keep), SHAPE)

    assert np.array_equal(np.load(path), before[order_after(np.array(keep))])


def test_create_pixel_file_keeps_what_is_there(tmp_path):
    """A file of the same shape is kept, one of another shape is replaced."""
    path = tmp_path / "pixels.npy"
    before = filled(path, 4)
    create_pixel_file(path, 4, SHAPE)
    assert np.array_equal(np.load(path), before)
    create_pixel_file(path, 4, (5, 5, 3))

    assert np.load(path).shape == (4, 5, 5, 3)


@pytest.mark.parametrize("n", [1, 10**9])
def test_create_pixel_file_is_plain_numpy(tmp_path, n):
    """NumPy opens the file however many rows it has."""
    header = pixel_file._header(n, (224, 224, 3))
    path = tmp_path / "head.npy"
    path.write_bytes(header)
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)

    assert shape == (n, 224, 224, 3)
    assert dtype == np.uint8
    assert len(header) == 128


@pytest.mark.parametrize("size", [0, 10, 128, 150])
def test_create_pixel_file_replaces_a_torn_file(tmp_path, size):
    """A file left incomplete by a killed process or a full disk is replaced."""
    path = tmp_path / "pixels.npy"
    path.write_bytes(pixel_file._header(60, SHAPE)[:size].ljust(size, b"\0"))
    create_pixel_file(path, 60, SHAPE)

    assert np.load(path, mmap_mode="r").shape == (60, *SHAPE)


def test_create_pixel_file_that_fails_leaves_nothing(tmp_path, monkeypatch):
    """A disk that is full when the file is begun leaves no part of it."""

    def full(n, shape):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pixel_file, "_header", full)
    with pytest.raises(OSError, match="No space left"):
        create_pixel_file(tmp_path / "pixels.npy", 60, SHAPE)

    assert list(tmp_path.iterdir()) == []
