"""The entry `images` describes images, reads nothing, and speaks up when wrong."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError

from kedro_nas.data.decode import decode
from kedro_nas.datasets import ImagesDataset
from kedro_nas.errors import DataError


def test_load_reads_nothing(tmp_path):
    """A missing file is the node's to tell, in the one grammar of errors."""
    dataset = ImagesDataset(path=str(tmp_path / "none.parquet"))
    source = dataset.load()

    assert not dataset.exists()
    with pytest.raises(DataError, match="no such file"):
        source.listing()


def test_entry_from_a_catalog(store_folder):
    """An entry in YAML carries columns and shape to the source."""
    entry = {
        "type": "kedro_nas.datasets.ImagesDataset",
        "path": "some.parquet",
        "image_column": "scan",
        "group_column": "patient",
        "image_shape": [8, 8, 1],
    }
    source = DataCatalog.from_config({"images": entry}).load("images")

    assert (source.columns.image, source.columns.group) == ("scan", "patient")
    assert source.image_shape == [8, 8, 1]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "needs a path"),
        ({"source": "keras", "name": "cifar11"}, "Allowed: cifar10, cifar100"),
        ({"source": "keras"}, "no Keras set of this name"),
    ],
)
def test_entry_without_a_place_is_refused(entry, message):
    """What cannot be an entry is refused when the catalog is read."""
    with pytest.raises(DatasetError, match=message):
        ImagesDataset(**entry)


def test_save_is_refused(tmp_path):
    """Images are an input."""
    with pytest.raises(DatasetError, match="images are only read"):
        ImagesDataset(path=str(tmp_path)).save(1)


def keras_with(monkeypatch, load_data):
    sets = SimpleNamespace(
        **{
            name: SimpleNamespace(load_data=load_data)
            for name in ("cifar10", "cifar100", "fashion_mnist", "mnist")
        }
    )
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(datasets=sets))


def test_keras_sets_by_name(monkeypatch):
    """Keras' own sets are given with their splits, labels as a column."""
    pixels = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)
    part = (pixels, np.array([[0], [1], [0]]))
    keras_with(monkeypatch, lambda: (part, part))
    source = ImagesDataset(source="keras", name="mnist").load()
    listing = source.listing()

    assert listing.splits == ["train"] * 3 + ["test"] * 3
    assert listing.labels == [0, 1, 0] * 2
    assert np.array_equal(
        decode(next(source.read(np.array([4])))).pixels[..., 0], pixels[1]
    )


def test_keras_sets_without_a_network(monkeypatch):
    """No network is said plainly."""

    def offline():
        raise OSError("URL fetch failure: Name or service not known")

    keras_with(monkeypatch, offline)
    with pytest.raises(DataError, match=r"cannot load cifar10.*a network to download"):
        ImagesDataset(source="keras", name="cifar10").load().listing()
