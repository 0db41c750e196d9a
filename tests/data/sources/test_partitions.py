"""What a PartitionedDataset gives: a callable per image file."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.sources.streams import N, opened


@pytest.fixture
def pixels(make_pictures):
    return make_pictures(N, side=8)


def test_partitions_are_loaded_one_by_one(pixels):
    """A PartitionedDataset's callables: the folder is the class, failures are None."""

    def broken():
        raise OSError

    data = {f"{'ab'[i % 2]}/{i}": (lambda i=i: pixels[i]) for i in range(N)}
    source = opened({**data, "b/99": broken})
    listing = source.listing()
    loaded = list(source.read(np.arange(N + 1)))

    assert listing.labels == ["a"] * 5 + ["b"] * 6
    assert loaded[-1] is None
    assert np.array_equal(loaded[0], pixels[0])


def test_partitions_beside_which_other_files_lie(pixels):
    """What people and systems put beside images is ignored, and counted once."""
    data = {f"{'ab'[i % 2]}/{i}.png": (lambda i=i: pixels[i]) for i in range(N)}
    others = ("README", "a/README.md", "a/notes.txt", "a/Thumbs.db", "b/.DS_Store")
    listing = opened(data | dict.fromkeys(others, b"no image")).listing()

    assert sorted(listing.names) == sorted(data)
    assert listing.notes == ["5 files that are no images were ignored."]


def test_partitions_of_names_that_are_not_utf8(pixels):
    """Names can be stored and printed, and their images are read."""
    data = {f"{'ab'[i % 2]}/{i}\udce9.png": (lambda i=i: pixels[i]) for i in range(N)}
    source = opened(data)

    assert source.listing().names[0] == "a/0\\xe9.png"
    assert np.array_equal(next(source.read(np.array([0]))), pixels[0])
