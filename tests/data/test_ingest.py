"""Chunks are small however large the raw images are, and none is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kedro_nas.data import ingest
from kedro_nas.data.layout import Layout
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions

LAYOUT = Layout(8, 8, 1, "pad", 255)


def cut(raws, n):
    options = DataPreparationOptions()
    jobs = ingest._jobs(iter(raws), 0, n, Path("pixels"), 128, LAYOUT, options)
    return [(task.first, chunk) for task, chunk, *_ in jobs]


@pytest.mark.parametrize("kind", [bytes, lambda n: np.zeros(n, np.uint8)])
def test_jobs_hold_few_large_images(monkeypatch, kind):
    """Encoded images that are large are not held by the thousand."""
    monkeypatch.setattr(ingest, "_CHUNK_BYTES", 1000)
    chunks = cut([kind(400)] * 10, 10)

    assert [first for first, _ in chunks] == [0, 3, 6, 9]
    assert [len(chunk) for _, chunk in chunks] == [3, 3, 3, 1]


def test_jobs_of_fewer_images_than_listed_is_told():
    """A file that shrinks while it is read is no endless loop."""
    with pytest.raises(DataError, match=r"changed while they were read.*2 images"):
        cut([b"", b""], 3)
