"""A store is adopted whole, without a copy where the disk allows it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from uuid import uuid4

import fsspec
import numpy as np
import pytest
from kedro.io import Version

from kedro_nas.data.store import ImageStore
from kedro_nas.datasets import ImageStoreDataset
from kedro_nas.datasets import image_store_dataset as module


@pytest.fixture
def store(store_folder: Path) -> ImageStore:
    return ImageStore.open(store_folder)


def test_save_links_the_files_and_load_opens_them(store, tmp_path):
    """No pixel is copied on one disk."""
    dataset = ImageStoreDataset(path=str(tmp_path / "dataset"))
    assert not dataset.exists()
    dataset.save(store)
    loaded = dataset.load()

    assert dataset.exists()
    assert loaded.fingerprint == store.fingerprint
    assert (loaded.path / "pixels.npy").samefile(store.path / "pixels.npy")


def test_save_copies_where_links_fail(store, tmp_path, monkeypatch):
    """Another disk gets a copy."""

    def refuse(*arguments):
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    dataset = ImageStoreDataset(path=str(tmp_path / "dataset"))
    dataset.save(store)

    assert np.array_equal(dataset.load().pixels, store.pixels)


def test_save_replaces_the_directory_whole(store, tmp_path):
    """What was there before is gone, and saving a store onto itself is harmless."""
    dataset = ImageStoreDataset(path=str(tmp_path / "dataset"))
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "stale").touch()
    dataset.save(store)
    dataset.save(dataset.load())

    assert sorted(p.name for p in tmp_path.iterdir()) == ["dataset"]
    assert not (tmp_path / "dataset" / "stale").exists()
    assert len(dataset.load()) == len(store)


def test_save_that_fails_leaves_the_earlier_store(store, tmp_path, monkeypatch):
    """A full disk in mid-copy does not cost the store that was there."""
    dataset = ImageStoreDataset(path=str(tmp_path / "dataset"))
    dataset.save(store)

    def full(source, target):
        raise OSError("no space left on device")

    monkeypatch.setattr(module, "_link_or_copy", full)
    with pytest.raises(Exception, match="no space left"):
        dataset.save(store)

    assert dataset.load().fingerprint == store.fingerprint
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dataset"]


def test_versions_stand_side_by_side(store, tmp_path):
    """A versioned entry keeps each save under its time."""
    path = str(tmp_path / "dataset")
    ImageStoreDataset(
        path=path, version=Version(None, "2026-01-01T00.00.00.000Z")
    ).save(store)
    latest = ImageStoreDataset(path=path, version=Version(None, None))

    assert latest.exists()
    assert latest.load().fingerprint == store.fingerprint
    assert (tmp_path / "dataset" / "2026-01-01T00.00.00.000Z" / "dataset").is_dir()


def test_remote_stores_are_uploaded_and_downloaded(store):
    """Any fsspec filesystem holds a store; loading makes a local copy once."""
    memory = fsspec.filesystem("memory")
    dataset = ImageStoreDataset(path=f"memory://bucket-{uuid4()}/dataset")
    assert not dataset.exists()
    dataset.save(store)
    loaded = dataset.load()

    assert dataset.exists()
    assert np.array_equal(loaded.pixels, store.pixels)
    assert dataset.load().path == loaded.path
    memory.store.clear()


def test_preview_is_a_picture(store, tmp_path):
    """Kedro-Viz shows a contact sheet; it looks at the annotation's bare name."""
    dataset = ImageStoreDataset(path=str(tmp_path / "dataset"))
    dataset.save(store)

    assert dataset.preview().startswith("iVBOR")  # base64 of a PNG
    assert ImageStoreDataset.preview.__annotations__["return"] == "ImagePreview"


def test_remote_upload_that_is_killed_leaves_the_earlier_store(
    store, tmp_path, monkeypatch
):
    """Readers see the old store or the new one, never pixels under other labels."""
    dataset = ImageStoreDataset(path=f"memory://bucket-{uuid4()}/dataset")
    dataset.save(store)
    other = shutil.copytree(store.path, tmp_path / "other")
    described = json.loads((other / "store.json").read_text())
    (other / "store.json").write_text(
        json.dumps({**described, "fingerprint": "f" * 12})
    )
    system, put = dataset._fs, dataset._fs.put_file
    uploaded = []

    def killed(source, target, **options):
        uploaded.append(target)
        if len(uploaded) > 1:
            raise KeyboardInterrupt
        return put(source, target, **options)

    with monkeypatch.context() as patched:
        patched.setattr(system, "put_file", killed)
        with pytest.raises(KeyboardInterrupt):
            dataset.save(ImageStore.open(other))

    assert dataset.load().fingerprint == store.fingerprint
    dataset.save(ImageStore.open(other))
    assert dataset.load().fingerprint == "f" * 12
    left = system.find(str(dataset._filepath))
    assert not [path for path in left if store.fingerprint in path]


def test_remote_store_saved_again_is_not_uploaded_again(store, monkeypatch):
    """A kill while an unchanged store is saved has nothing to tear."""
    dataset = ImageStoreDataset(path=f"memory://bucket-{uuid4()}/dataset")
    dataset.save(store)

    def torn(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset._fs, "put_file", torn)
    dataset.save(store)

    assert dataset.load().fingerprint == store.fingerprint


def test_remote_save_removes_nothing_but_stores(store):
    """Files of others beside the store in its bucket stay."""
    bucket = f"/bucket-{uuid4()}"
    dataset = ImageStoreDataset(path=f"memory:/{bucket}")
    dataset._fs.pipe_file(f"{bucket}/theirs/model.bin", b"1")
    dataset._fs.pipe_file(f"{bucket}/notes.txt", b"2")
    dataset.save(store)

    assert dataset._fs.cat_file(f"{bucket}/theirs/model.bin") == b"1"
    assert dataset._fs.cat_file(f"{bucket}/notes.txt") == b"2"
    assert dataset.load().fingerprint == store.fingerprint


def test_remote_store_with_another_index_is_downloaded_again(store, tmp_path):
    """Paths and groups are no part of the fingerprint, but of the store."""
    dataset = ImageStoreDataset(path=f"memory://bucket-{uuid4()}/dataset")
    dataset.save(store)
    dataset.load()
    other = ImageStore.open(shutil.copytree(store.path, tmp_path / "other"))
    other.index.assign(source="renamed").to_parquet(other.path / "index.parquet")
    dataset.save(other)

    assert set(dataset.load().index["source"]) == {"renamed"}


def test_remote_store_of_an_earlier_version_is_still_read(store):
    """A store uploaded before there was a pointer is opened as it is."""
    fsspec.filesystem("memory").store.clear()
    dataset = ImageStoreDataset(path=f"memory://bucket-{uuid4()}/dataset")
    for name in module.FILES:
        dataset._fs.makedirs(str(dataset._filepath), exist_ok=True)
        dataset._fs.put_file(str(store.path / name), f"{dataset._filepath}/{name}")

    assert dataset.exists()
    assert dataset.load().fingerprint == store.fingerprint
