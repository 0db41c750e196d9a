"""The store gives rows, folds and statistics, and guards the test."""

from __future__ import annotations

import json
import pickle  # noqa: TID251 - what a process pool does
import shutil

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import DataError


@pytest.fixture
def store(store_folder):
    return ImageStore.open(store_folder)


def test_rows_are_those_of_the_splits(store):
    """Train, validation and both are disjoint from the test."""
    train, val, dev = store.rows("train"), store.rows("val"), store.rows("dev")

    assert train.dtype == np.int64
    assert np.array_equal(np.sort(np.concatenate([train, val])), dev)
    assert np.array_equal(store.rows("train", "val"), dev)
    assert not set(dev) & set(store.test_rows())
    assert len(dev) + len(store.test_rows()) == len(store)


@pytest.mark.parametrize("names", [("test",), (), ("train", "test"), ("tran",)])
def test_rows_of_the_test_are_not_given_by_chance(store, names):
    """The test is only read by the method named after it."""
    with pytest.raises(DataError, match=r"test_rows\(\)"):
        store.rows(*names)


def test_fold_parts_the_dev_rows(store):
    """Held-out parts of all folds make up the dev rows, each once."""
    held_out = [store.fold(0, k)[1] for k in range(store.n_folds)]
    assert np.array_equal(np.sort(np.concatenate(held_out)), store.rows("dev"))
    for k in range(store.n_folds):
        train, held = store.fold(0, k)

        assert np.array_equal(np.sort(np.concatenate([train, held])), store.rows("dev"))


@pytest.mark.parametrize(("repeat", "k"), [(1, 0), (0, 2), (-1, 0), (0, -1)])
def test_fold_that_is_not_there_is_an_error(store, repeat, k):
    """A fold that was not drawn is never made up."""
    with pytest.raises(DataError, match="there is no such fold"):
        store.fold(repeat, k)


def test_channel_statistics_are_those_of_numpy(store):
    """Mean and deviation are per channel, of the rows asked for, in 0-255 units."""
    rows = store.rows("train")[::-1]
    mean, std = store.channel_statistics(rows)
    pixels = store.pixels[np.sort(rows)].astype(np.float64)

    assert mean == pytest.approx(pixels.mean(axis=(0, 1, 2)), rel=1e-5)
    assert std == pytest.approx(pixels.std(axis=(0, 1, 2)), rel=1e-5)


def test_channel_statistics_of_constant_channels_are_floored(prepare):
    """A channel that never varies can be divided by."""
    pixels = np.zeros((40, 8, 8, 3), np.uint8)
    pixels[..., 0] = np.random.default_rng(0).integers(0, 255, (40, 8, 8))
    store, _ = prepare((pixels, np.arange(40) % 2))
    _, std = store.channel_statistics(store.rows("train"))

    assert std[0] > 1
    assert std[1:].tolist() == [1, 1]


def test_store_travels_to_a_process_as_a_path(store):
    """Pixels are never sent to workers."""
    assert store.pixels.shape[0] == len(store.labels) == len(store.index) == 40
    content = pickle.dumps(store)

    assert len(content) < 2_000
    assert np.array_equal(pickle.loads(content).labels, store.labels)


def test_open_a_missing_store_says_what_to_run(tmp_path):
    """A directory without the files is no store."""
    with pytest.raises(DataError, match=r"no pixels.npy.*data_preparation pipeline"):
        ImageStore.open(tmp_path)


def test_open_a_store_of_another_format_is_refused(store_folder, tmp_path):
    """A store of a later version is not misread."""
    for name in ("pixels.npy", "index.parquet"):
        (tmp_path / name).touch()
    description = json.loads((store_folder / "store.json").read_text())
    (tmp_path / "store.json").write_text(json.dumps({**description, "format": 99}))

    with pytest.raises(DataError, match="format 99"):
        ImageStore.open(tmp_path)


@pytest.mark.parametrize("n_bytes", [0, 100, 200])
def test_open_a_store_whose_pixels_are_cut_short_is_refused(
    store_folder, tmp_path, n_bytes
):
    """A file that a disk lost part of is one clear error, not one of NumPy's."""
    folder = shutil.copytree(store_folder, tmp_path / "store")
    pixels = folder / "pixels.npy"
    pixels.write_bytes(pixels.read_bytes()[:n_bytes])

    with pytest.raises(DataError, match=r"damaged.*Run the data_preparation pipeline"):
        ImageStore.open(folder)


def test_open_a_store_with_the_pixels_of_another_is_refused(store_folder, tmp_path):
    """Labels are never read beside pixels of other images."""
    folder = shutil.copytree(store_folder, tmp_path / "store")
    np.save(folder / "pixels.npy", np.zeros((3, 8, 8, 1), np.uint8))

    with pytest.raises(DataError, match=r"damaged.*\(3, 8, 8, 1\)"):
        ImageStore.open(folder)


def test_open_a_store_of_an_earlier_version_has_no_preprocessing(
    store_folder, tmp_path
):
    """It can be trained on; only what an export needs is missing."""
    folder = shutil.copytree(store_folder, tmp_path / "store")
    description = json.loads((folder / "store.json").read_text())
    del description["preprocessing"]
    (folder / "store.json").write_text(json.dumps(description))
    store = ImageStore.open(folder)

    assert store.preprocessing is None
    assert len(store.rows("dev")) == 30


@pytest.mark.parametrize("name", ["pixels.npy", "index.parquet", "store.json"])
def test_open_a_store_without_one_of_its_files_names_it(store_folder, tmp_path, name):
    """A half-deleted folder is not read as far as it goes."""
    folder = shutil.copytree(store_folder, tmp_path / "store")
    (folder / name).unlink()

    with pytest.raises(DataError, match=f"no {name}"):
        ImageStore.open(folder)


def test_store_is_described_in_a_line(store):
    """A debugger and a log show the size, not the pixels."""
    assert repr(store).startswith("ImageStore(40 images of (8, 8, 1), 2 classes, ")


def test_opening_a_store_reads_no_pixels(store):
    """Workers open it for each task, so that it may be larger than the memory."""
    assert isinstance(store.pixels, np.memmap)
    assert not store.pixels.flags.writeable


def test_channel_statistics_tell_of_their_progress(store, monkeypatch):
    """A worker is not taken for hung while it reads a large store piece by piece."""
    monkeypatch.setattr("kedro_nas.data.store._CHUNK_BYTES", 8 * 8 * 7)
    pieces = []
    rows = store.rows("train")
    mean, std = store.channel_statistics(rows, lambda: pieces.append(1))
    whole, deviation = ImageStore.open(store.path).channel_statistics(rows)

    assert len(pieces) == 3  # 20 rows, 7 at a time
    assert np.array_equal(mean, whole)
    assert np.array_equal(std, deviation)
