"""Credentials and file-system options reach every source that may be remote."""

from __future__ import annotations

import io
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from kedro_nas.datasets import ImagesDataset

SEEN: list[dict[str, Any]] = []


class GuardedSystem(MemoryFileSystem):
    """A file system in memory that asks for a key."""

    protocol = "guarded"
    cachable = False

    def __init__(self, **options: Any) -> None:
        SEEN.append(options)
        if options.get("key") != "K":
            raise PermissionError("no key")
        super().__init__()

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return MemoryFileSystem._strip_protocol(path.replace("guarded://", "memory://"))


@pytest.fixture(autouse=True)
def _guarded():
    fsspec.register_implementation("guarded", GuardedSystem, clobber=True)
    memory = fsspec.filesystem("memory")
    yield
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def _put(path: str, content: bytes) -> None:
    with fsspec.open(f"memory://{path}", "wb") as file:
        file.write(content)


def _png(level: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (4, 4), level).save(file, "PNG")
    return file.getvalue()


def _read(dataset: ImagesDataset) -> list[Any]:
    source = dataset.load()
    listing = source.listing()
    return list(source.read(np.arange(len(listing))))


def test_manifest_and_its_images_are_read_with_credentials():
    """A CSV in a bucket and the images it names need the same key."""
    _put("bucket/a.png", _png(1))
    _put("bucket/b.png", _png(2))
    _put("bucket/photos.csv", b"path,label\na.png,x\nb.png,y\n")
    dataset = ImagesDataset(
        path="guarded://bucket/photos.csv", credentials={"key": "K"}
    )

    assert _read(dataset) == [_png(1), _png(2)]


def test_archive_is_read_with_credentials():
    """An .npz file in a bucket is read in a stream."""
    file = io.BytesIO()
    np.savez(file, images=np.zeros((4, 3, 3), np.uint8), labels=np.arange(4) % 2)
    _put("bucket/digits.npz", file.getvalue())
    dataset = ImagesDataset(
        path="guarded://bucket/digits.npz", credentials={"key": "K"}
    )

    assert [image.shape for image in _read(dataset)] == [(3, 3)] * 4


def test_images_named_in_a_table_are_read_with_credentials():
    """Paths in a Parquet file in a bucket are read with its key."""
    _put("bucket/a.png", _png(1))
    _put("bucket/b.png", _png(2))
    file = io.BytesIO()
    frame = pd.DataFrame({"image": ["a.png", "b.png"], "label": ["x", "y"]})
    frame.to_parquet(file)
    _put("bucket/t.parquet", file.getvalue())
    dataset = ImagesDataset(path="guarded://bucket/t.parquet", credentials={"key": "K"})

    assert _read(dataset) == [_png(1), _png(2)]


def test_archive_row_above_max_pixels_is_not_read(tmp_path):
    """An image too large is set aside by its shape, before it takes memory."""
    np.savez_compressed(
        tmp_path / "b.npz", images=np.zeros((2, 90, 90), np.uint8), labels=[0, 1]
    )
    source = ImagesDataset(path=str(tmp_path / "b.npz")).load()
    source.max_pixels = 8000
    source.listing()

    assert list(source.read(np.arange(2))) == ["oversized: 90x90 pixels"] * 2
