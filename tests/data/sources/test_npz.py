"""NumPy archives are read in a stream and without pickles."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from tests.data.sources.streams import LABELS, N, decoded

from kedro_nas.data.sources import source_at
from kedro_nas.errors import DataError


@pytest.fixture
def pixels(make_pictures):
    return make_pictures(N, side=8)


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_archives_are_streamed(pixels, tmp_path, compressed):
    """Items are read in turn, also from a later one on, and again."""
    save = np.savez_compressed if compressed else np.savez
    save(tmp_path / "x.npz", images=pixels, labels=LABELS)
    source = source_at(tmp_path / "x.npz")

    assert np.array_equal(decoded(source), pixels)
    assert np.array_equal(next(source.read(np.array([7]))), pixels[7])
    assert np.array_equal(next(source.read(np.array([2]))), pixels[2])


def test_npz_of_objects_is_refused(tmp_path):
    """An object array is a pickle, which can run anything."""
    labels = np.array(["a", None], dtype=object)
    np.savez(tmp_path / "x.npz", images=np.zeros((2, 4, 4)), labels=labels)

    with pytest.raises(DataError, match="only a pickle can carry"):
        source_at(tmp_path / "x.npz").listing()


def test_npz_of_other_names_says_which_are_there(tmp_path):
    """Unknown names are listed."""
    np.savez(tmp_path / "x.npz", pics=np.zeros((2, 4, 4)))

    with pytest.raises(DataError, match=r"the names pics.*Rename"):
        source_at(tmp_path / "x.npz").listing()


@pytest.mark.parametrize("damage", ["short", "broken"])
def test_npz_that_is_damaged_is_one_clear_error(tmp_path, damage):
    """Damage inside an archive is reported when it is read."""
    rng = np.random.default_rng(0)
    arrays = {"images": rng.integers(0, 256, (99, 9, 9)), "labels": np.arange(99) % 2}
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            file = io.BytesIO()
            np.save(file, values)
            end = -9 if (damage, name) == ("short", "images") else None
            archive.writestr(f"{name}.npy", file.getvalue()[:end])
    if damage == "broken":
        content = bytearray((tmp_path / "x.npz").read_bytes())
        content[9000:9100] = bytes(100)
        (tmp_path / "x.npz").write_bytes(content)
    source = source_at(tmp_path / "x.npz")
    source.listing()

    with pytest.raises(DataError, match="cannot read the archive"):
        list(source.read(np.arange(99)))
