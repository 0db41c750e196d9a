"""DataFrames and CSV manifests as sources of images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.data.sources.streams import LABELS, N, decoded, opened

from kedro_nas.data.chunks import fetched
from kedro_nas.data.decode import BadImageError, decode
from kedro_nas.data.sources import Columns, as_source, source_at
from kedro_nas.errors import DataError


@pytest.fixture
def pixels(make_pictures):
    return make_pictures(N, side=8)


def test_frame_of_every_kind_of_cell(pixels, encode, tmp_path):
    """Bytes, structs, paths, arrays, lists and PIL images may stand side by side."""
    images = [Image.fromarray(p) for p in pixels]
    images[0].save(tmp_path / "x.png")
    cells = [
        str(tmp_path / "x.png"),
        encode(images[1]),
        {"bytes": encode(images[2]), "path": "x"},
        pixels[3],
        pixels[4].tolist(),
        *images[5:],
    ]
    source = opened(pd.DataFrame({"image": cells, "label": LABELS}))

    assert np.array_equal(decoded(source), pixels)


def test_frame_key_follows_content(pixels):
    """The same content has the same key, one changed pixel another."""
    frame = pd.DataFrame({"image": list(pixels), "label": LABELS})
    key = opened(frame).listing().key
    assert opened(frame.copy(deep=True)).listing().key == key
    changed = pixels.copy()
    changed[3, 0, 0, 0] ^= 1

    assert opened(frame.assign(image=list(changed))).listing().key != key


def test_manifest_of_paths(pixels, tmp_path):
    """A CSV of paths and labels; labels stay text."""
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    labels = ["007", "NA"] * 5
    frame = pd.DataFrame({"path": [f"{i}.png" for i in range(N)], "class": labels})
    frame.to_csv(tmp_path / "x.csv", index=False)
    source = source_at(tmp_path / "x.csv")

    assert source.listing().labels == labels
    assert np.array_equal(decoded(source), pixels)


@pytest.mark.parametrize("header", ["path{}label", "Path{} Label", "\ufeffpath{}label"])
@pytest.mark.parametrize("mark", [",", ";", "\t", ", "])
def test_manifest_of_any_spreadsheet(pixels, tmp_path, mark, header):
    """Semicolons, tabs, spaces after commas, capitals and byte-order marks are read."""
    Image.fromarray(pixels[0]).save(tmp_path / "x.png")
    lines = [header.format(mark), f"x.png{mark}cat", f"{mark}dog"]
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
    source = source_at(tmp_path / "x.csv")
    listing = source.listing()
    first, gap = source.read(np.arange(2))

    assert listing.labels == ["cat", "dog"]
    assert np.array_equal(decode(fetched(first)).pixels, pixels[0])
    assert gap is None


def test_frame_of_numbered_columns(pixels):
    """Columns may be named 0 and 1, as those of a frame made of an array."""
    frame = pd.DataFrame({0: list(pixels), 1: LABELS})
    source = as_source(frame, Columns("0", "1"))

    assert np.array_equal(decoded(source), pixels)
    with pytest.raises(DataError, match=r"no label column '2'.*the columns 0, 1"):
        as_source(frame, Columns("0", "2")).listing()


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA, "", "  "])
def test_frame_gaps_among_images_are_missing(pixels, gap):
    """An empty cell is a missing image, whatever stands for empty."""
    frame = pd.DataFrame({"image": [pixels[0], gap], "label": ["a", "b"]})
    source = opened(frame)
    source.listing()
    _, raw = source.read(np.arange(2))

    with pytest.raises(BadImageError, match="missing"):
        fetched(raw)


def test_frame_of_what_cannot_be_a_path(pixels):
    """A path with a zero in it is one bad image, not the end of the stage."""
    frame = pd.DataFrame({"image": [pixels[0], "a\0b.png"], "label": ["a", "b"]})
    source = opened(frame)
    source.listing()
    _, raw = source.read(np.arange(2))

    with pytest.raises(BadImageError, match="not a path"):
        fetched(raw)
