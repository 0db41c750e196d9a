"""A chunk of mixed images ends in the pixel file as each would alone."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.data.chunks import (
    RECORD_COLUMNS,
    ChunkTask,
    decode_chunk,
    fetched,
    halve_chunk,
)
from kedro_nas.data.decode import BadImageError, Decoded, decode
from kedro_nas.data.layout import Layout, fit_pixels
from kedro_nas.data.pixel_file import create_pixel_file
from kedro_nas.data.sources.base import LocalFile

MAX_PIXELS = 50_000_000


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
    from PIL import Image

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
