"""Chunks are small however large the raw images are, and none is lost."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kedro_nas.data import chunks, ingest, pool
from kedro_nas.data.layout import Layout
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.profile import SetAsideExample

LAYOUT = Layout(8, 8, 1, "pad", 255)


def cut(raws, n):
    options = DataPreparationOptions()
    jobs = ingest._jobs(iter(raws), 0, n, Path("pixels"), 128, LAYOUT, options)
    return [(task.first, chunk) for task, chunk, *_ in jobs]


@pytest.mark.parametrize("kind", [bytes, lambda n: np.zeros(n, np.uint8)])
def test_jobs_hold_few_large_images(monkeypatch, kind):
    """Encoded images that are large are not held by the thousand."""
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 1000)
    cuts = cut([kind(400)] * 10, 10)

    assert [first for first, _ in cuts] == [0, 3, 6, 9]
    assert [len(chunk) for _, chunk in cuts] == [3, 3, 3, 1]


def test_jobs_of_fewer_images_than_listed_is_told():
    """A file that shrinks while it is read is no endless loop."""
    with pytest.raises(DataError, match=r"changed while they were read.*2 images"):
        cut([b"", b""], 3)


def test_ingest_on_a_disk_that_fills_up_leaves_no_black_image(
    make_pictures, prepare, monkeypatch
):
    """What a full disk did not take is decoded again once there is room."""
    pixels = np.maximum(make_pictures(40), 1)
    images = pixels, np.arange(40) % 2
    pwrite, left = os.pwrite, [20_000]

    def filling(number, data, offset):
        if not left[0]:
            raise OSError(28, "No space left on device")
        data = memoryview(data).cast("B")[: left[0]]
        left[0] -= len(data)
        return pwrite(number, data, offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", filling)
        with pytest.raises(OSError, match="No space left"):
            prepare(images)
    store, _ = prepare(images)

    assert store.pixels.min() > 0


def test_ingest_without_its_pixel_file_forgets_the_records(
    make_pictures, prepare, tmp_path, monkeypatch
):
    """Records of pixels that are gone do not count as decoded."""
    pixels = np.maximum(make_pictures(40), 1)
    images = pixels, np.arange(40) % 2

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kedro_nas.data.prepare.clean", stop)
        patched.setattr("kedro_nas.data.decoding_progress.SYNC_EVERY_S", 0.0)
        with pytest.raises(KeyboardInterrupt):
            prepare(images)
    torn = next(tmp_path.rglob("pixels.npy"))
    torn.write_bytes(torn.read_bytes()[:1000])
    store, _ = prepare(images)

    assert store.pixels.min() > 0


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_ingest_sets_aside_the_image_whose_decoding_ends_its_process(
    make_pictures, encode, prepare, monkeypatch
):
    """An image that memory does not suffice for costs itself; its neighbours stay."""
    images = [encode(Image.fromarray(image), "JPEG") for image in make_pictures(40)]
    fatal, decode = images[7], chunks.decode

    def dying(content, **options):
        if content == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return decode(content, **options)

    monkeypatch.setattr(chunks, "decode", dying)
    monkeypatch.setattr(pool, "_may_fork", lambda: True)
    monkeypatch.setattr(pool, "FORK_PAYS_AFTER_S", 0.0)
    frame = pd.DataFrame({"image": images, "label": np.arange(40) % 2})
    store, profile = prepare(frame, n_workers=2, max_bad_fraction=0.1)

    assert len(store) == 39
    assert profile.set_aside.examples == (
        SetAsideExample(
            source="row 7",
            reason="decoding it crashed the process, often for lack of memory",
        ),
    )
