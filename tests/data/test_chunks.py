"""A chunk of mixed images ends in the pixel file as each would alone."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kedro_nas.data import chunks
from kedro_nas.data.chunks import (
    CRASHED,
    RECORD_COLUMNS,
    ChunkTask,
    changed_while_read,
    decode_chunk,
    decode_images,
    decoding_cost_s,
    fetched,
    group_raws,
    halve_chunk,
    set_chunk_aside,
)
from kedro_nas.data.decode import BadImageError, Decoded, decode
from kedro_nas.data.layout import Layout, fit_pixels
from kedro_nas.data.pixel_file import create_pixel_file
from kedro_nas.data.sources.base import LocalFile, Unusable

MAX_PIXELS = 50_000_000
OPEN_FILES = Path("/proc/self/fd")


def alone_or_reason(content: bytes) -> Decoded | str:
    try:
        return decode(content)
    except BadImageError as reason:
        return str(reason)


@pytest.mark.parametrize("layout", [(24, 24, 3), (24, 24, 1), (8, 12, 3)])
def test_decode_chunk_gives_what_each_image_gives_alone(awkward, tmp_path, layout):
    """Images decoded together, plain ones at once, are those decoded one by one."""
    layout = Layout(*layout, "pad", 255)
    path = tmp_path / "pixels.npy"
    offset = create_pixel_file(path, 1 + len(awkward), layout.shape)
    contents = [content for content, _ in awkward.values()]
    task = ChunkTask(1, path, offset)
    records = decode_chunk(task, contents, layout, MAX_PIXELS)
    pixels = np.load(path)

    assert list(records.columns) == list(RECORD_COLUMNS)
    assert not pixels[0].any()
    for name, found, content, record in zip(
        awkward, pixels[1:], contents, records.itertuples(), strict=True
    ):
        alone = alone_or_reason(content)
        if isinstance(alone, str):
            assert record.bad == alone, name
            assert not found.any(), name
            continue
        expected, repair = fit_pixels(alone.pixels, layout)

        assert np.array_equal(found, expected), name
        assert (record.height, record.width) == alone.pixels.shape[:2], name
        assert record.repairs == "; ".join(alone.repairs + [repair] * bool(repair))
        assert (record.mode, record.bad) == (alone.mode, ""), name


def test_decode_chunk_names_an_image_by_its_own_pixels(make_pictures, encode, tmp_path):
    """The same pixels have one identity: from a file, an array, at any size stored."""
    picture = make_pictures(1)[0]
    path = tmp_path / "one.png"
    path.write_bytes(encode(Image.fromarray(picture)))
    raws = [LocalFile(path), picture, Image.fromarray(picture)]
    names = set()
    for side in (24, 8):
        layout = Layout(side, side, 3, "pad", 255)
        pixels = tmp_path / f"{side}.npy"
        offset = create_pixel_file(pixels, 3, layout.shape)
        task = ChunkTask(0, pixels, offset)
        names |= set(decode_chunk(task, raws, layout, MAX_PIXELS)["image_id"])

    assert len(names) == 1


def test_halve_chunk_keeps_each_image_at_its_place(tmp_path):
    """The halves of a chunk write where the whole would have written."""
    task = ChunkTask(first=10, pixels=tmp_path / "pixels.npy", offset=128)
    job = (task, ["a", "b", "c"], "layout", 100)
    first, second = halve_chunk(job)

    assert (first[0].first, first[1]) == (10, ["a"])
    assert (second[0].first, second[1]) == (11, ["b", "c"])
    assert halve_chunk((task, ["a"], "layout", 100)) == [(task, ["a"], "layout", 100)]


def test_fetched_file_larger_than_any_image_is_not_read(tmp_path):
    """A file of gigabytes named .png takes no memory."""
    path = tmp_path / "disk.png"
    with path.open("wb") as file:
        file.truncate(2**40)

    with pytest.raises(BadImageError, match="oversized: a file of 1,099"):
        fetched(LocalFile(str(path)), 50_000_000)


SMALL = Layout(4, 4, 1, "pad", 255)


@given(sizes=st.lists(st.integers(0, 40), max_size=60))
def test_group_raws_keeps_all_in_their_order_and_bounds_each_chunk(sizes):
    """No image is lost or moved, and a chunk ends with the image that fills it."""
    raws = [bytes([number]) * size for number, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_CHUNK_BYTES", 64)
        patch.setattr(chunks, "_CHUNK_IMAGES", 8)
        found = list(group_raws(iter(raws), SMALL))

    assert list(chain.from_iterable(found)) == raws
    assert all(1 <= len(chunk) <= 64 // SMALL.n_bytes for chunk in found)
    assert all(sum(map(len, chunk[:-1])) < 64 for chunk in found)


@pytest.mark.parametrize(
    "raw",
    [
        b"x" * 64,
        bytearray(64),
        np.zeros((8, 8), np.uint8),
        Image.new("RGB", (4, 6)),
    ],
)
def test_group_raws_counts_the_memory_of_every_kind_of_image(monkeypatch, raw):
    """Decoded images fill a chunk as encoded ones do; a path takes none."""
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 64)
    alone = [len(chunk) for chunk in group_raws(iter([raw, raw]), SMALL)]
    paths = [LocalFile("a.png"), LocalFile("b.png")]

    assert alone == [1, 1]
    assert [len(chunk) for chunk in group_raws(iter(paths), SMALL)] == [2]


def test_group_raws_of_images_larger_than_a_chunk_is_one_by_one(monkeypatch):
    """An image that is larger than a chunk is a chunk."""
    monkeypatch.setattr(chunks, "_CHUNK_BYTES", 8)

    assert [len(chunk) for chunk in group_raws(iter([b"", b"", b""]), SMALL)] == [1] * 3
    assert list(group_raws(iter([]), SMALL)) == []


def test_set_chunk_aside_says_that_decoding_crashed_and_leaves_no_pixels(tmp_path):
    """The one image that ends a process is named; its place in the file stays empty."""
    path = tmp_path / "pixels.npy"
    offset = create_pixel_file(path, 1, SMALL.shape)
    record = set_chunk_aside((ChunkTask(0, path, offset), [b"x"], SMALL, MAX_PIXELS))

    assert record["bad"].tolist() == [str(CRASHED)]
    assert not np.load(path).any()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "missing"),
        (LocalFile("no/such/file.png"), "unreadable file: No such file"),
        (LocalFile("a\0b.png"), "not a path: "),
        (Unusable("no image in row 3"), "no image in row 3"),
        (b"not an image", ""),
        (b"", ""),
    ],
)
def test_decode_images_gives_the_reason_for_each_it_cannot_use(raw, reason):
    """One bad row does not end a run, and its pixels are zeros."""
    good = np.full((4, 4), 7, np.uint8)
    pixels, records = decode_images([good, raw, good], SMALL, MAX_PIXELS)

    assert pixels[0].all()
    assert not pixels[1].any()
    assert pixels[2].all()
    assert records[1][-1].startswith(reason)
    assert records[1][-1]
    assert records[0][-1] == records[2][-1] == ""


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="needs /proc")
def test_fetched_folder_is_unreadable_and_leaves_no_file_open(tmp_path):
    """What the system refuses is said in its own words."""
    before = len(list(OPEN_FILES.iterdir()))
    with pytest.raises(BadImageError, match="unreadable file: Is a directory"):
        fetched(LocalFile(str(tmp_path)))

    assert len(list(OPEN_FILES.iterdir())) == before


@pytest.mark.parametrize("raw", [b"encoded", np.zeros((2, 2)), Unusable("why")])
def test_fetched_value_that_is_no_path_is_itself(raw):
    """Only files are read here."""
    assert fetched(raw) is raw


def test_decoding_cost_grows_with_images_and_their_size():
    """It decides whether a pool of processes pays."""
    small, large = Layout(8, 8, 1, "pad", 0), Layout(224, 224, 3, "pad", 0)

    assert decoding_cost_s(0, large) == 0
    assert decoding_cost_s(20, small) == pytest.approx(2 * decoding_cost_s(10, small))
    assert decoding_cost_s(10, small) < decoding_cost_s(10, large)


def test_changed_while_read_counts_both():
    """A folder that is written to while it is read is not half a data set."""
    text = str(changed_while_read(3, 5))

    assert "3 images" in text
    assert "the 5 images that were listed" in text
