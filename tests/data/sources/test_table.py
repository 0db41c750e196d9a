"""Parquet and Arrow in all the forms images take there."""

from __future__ import annotations

import json

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from PIL import Image

from kedro_nas.data.chunks import fetched
from kedro_nas.data.decode import decode
from kedro_nas.data.sources.base import Columns
from kedro_nas.data.sources.dispatch import source_at

N = 12


@pytest.fixture
def pixels(make_pictures):
    return make_pictures(N, side=8)


@pytest.fixture
def frame(pixels, encode):
    images = [encode(Image.fromarray(image)) for image in pixels]
    return pd.DataFrame({"image": images, "label": ["a", "b"] * (N // 2)})


def decoded(source) -> np.ndarray:
    rows = np.arange(len(source.listing()))
    return np.stack([decode(fetched(raw)).pixels for raw in source.read(rows)])


def test_parquet_of_encoded_bytes(frame, pixels, tmp_path):
    """The plain form."""
    frame.to_parquet(tmp_path / "x.parquet")
    source = source_at(tmp_path / "x.parquet")

    assert np.array_equal(decoded(source), pixels)
    assert source.listing().labels == ["a", "b"] * 6


def test_parquet_of_hugging_face_structs_and_class_names(frame, pixels, tmp_path):
    """`{bytes, path}` structs, numbers named in the schema, splits in file names."""
    images = [{"bytes": b, "path": None} for b in frame["image"]]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    feature = {"_type": "ClassLabel", "names": ["cat", "dog"]}
    meta = json.dumps({"info": {"features": {"label": feature}}})
    table = pa.table({"image": pa.array(images, kind), "label": [0, 1] * (N // 2)})
    table = table.replace_schema_metadata({"huggingface": meta})
    for name, part in (("test", table.slice(0, 4)), ("train", table.slice(4))):
        pq.write_table(part, tmp_path / f"{name}-00000-of-00001.parquet")
    source = source_at(tmp_path)
    listing = source.listing()

    assert listing.labels == ["cat", "dog"] * 6
    assert listing.splits == ["test"] * 4 + ["train"] * 8
    assert np.array_equal(decoded(source), pixels)


def test_parquet_of_paths_starts_from_its_folder(frame, pixels, tmp_path):
    """Relative paths belong to the table's own folder."""
    (tmp_path / "images").mkdir()
    for i, content in enumerate(frame["image"]):
        (tmp_path / "images" / f"{i}.png").write_bytes(content)
    named = frame.assign(image=[f"images/{i}.png" for i in range(N)])
    named.to_parquet(tmp_path / "x.parquet")
    source = source_at(tmp_path / "x.parquet")

    assert source.listing().names[3] == "images/3.png"
    assert np.array_equal(decoded(source), pixels)


@pytest.mark.parametrize("form", ["bytes", "list"])
def test_parquet_of_flat_pixels_takes_a_shape(pixels, tmp_path, form):
    """Raw pixels need their shape said."""
    flat = [p.tobytes() if form == "bytes" else p.ravel().tolist() for p in pixels]
    pa_type = pa.binary() if form == "bytes" else pa.list_(pa.uint8())
    table = pa.table({"image": pa.array(flat, pa_type), "label": [0, 1] * (N // 2)})
    pq.write_table(table, tmp_path / "x.parquet")
    source = source_at(tmp_path / "x.parquet", image_shape=[8, 8, 3])

    assert np.array_equal(decoded(source), pixels)


def test_parquet_of_nested_lists_needs_no_shape(pixels, tmp_path):
    """Nested lists carry their shape."""
    table = pa.table({"image": pixels.tolist(), "label": [0, 1] * (N // 2)})
    pq.write_table(table, tmp_path / "x.parquet")

    assert np.array_equal(decoded(source_at(tmp_path / "x.parquet")), pixels)


def test_arrow_file(frame, pixels, tmp_path):
    """Feather and Arrow IPC are read as Parquet is."""
    pyarrow.feather.write_feather(frame, tmp_path / "x.arrow")

    assert np.array_equal(decoded(source_at(tmp_path / "x.arrow")), pixels)


def test_remote_parquet(frame, pixels, tmp_path):
    """A table on any fsspec filesystem."""
    frame.to_parquet(tmp_path / "x.parquet")
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "x.parquet"), "/bucket/x.parquet")

    assert np.array_equal(decoded(source_at("memory://bucket/x.parquet")), pixels)
    memory.rm("/bucket", recursive=True)


def test_read_skips_and_crosses_batches(frame, tmp_path):
    """Any ascending rows are found, however the file is cut."""
    large = pd.concat([frame] * 100, ignore_index=True)
    large["image"] = [f"{i}".encode() for i in range(len(large))]
    large.to_parquet(tmp_path / "x.parquet", row_group_size=77)
    source = source_at(tmp_path / "x.parquet")
    source.listing()
    rows = np.array([0, 76, 77, 255, 256, 257, 1100])

    assert [int(raw) for raw in source.read(rows)] == rows.tolist()


def test_listing_columns_of_other_names(frame, tmp_path):
    """Named columns are taken, with groups and splits."""
    renamed = frame.rename(columns={"image": "scan", "label": "finding"})
    renamed = renamed.assign(patient=range(N), part="train")
    renamed.to_parquet(tmp_path / "x.parquet")
    columns = Columns("scan", "finding", "part", "patient")
    listing = source_at(tmp_path / "x.parquet", columns=columns).listing()

    assert listing.groups == list(range(N))
    assert listing.splits == ["train"] * N


def test_parquet_folder_with_other_files_is_read_without_them(frame, pixels, tmp_path):
    """A data set as Hugging Face stores it has a README and hidden files beside."""
    frame.to_parquet(tmp_path / "data.parquet")
    (tmp_path / "README.md").write_text("# Pictures")
    (tmp_path / ".gitattributes").write_text("*.parquet filter=lfs")

    assert np.array_equal(decoded(source_at(tmp_path)), pixels)
