"""Columns are found by usual names, and cells become raw images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kedro_nas.data.sources.base import Columns, LocalFile
from kedro_nas.data.sources.cells import (
    content_key,
    file_key,
    located,
    resolve_columns,
    to_raw,
)
from kedro_nas.errors import DataError

TABLE = "the table"


def test_resolve_columns_finds_usual_names_of_any_spelling() -> None:
    """`Image` and ` LABEL ` need not be configured; a group is never guessed."""
    found = resolve_columns(["Image", " LABEL ", "split", "group"], Columns(), TABLE)

    assert found == Columns("Image", " LABEL ", "split", None)


def test_resolve_columns_prefers_the_names_that_are_given() -> None:
    """A table with several candidates is read as its user says."""
    given = Columns("scan", "finding", group="patient")
    present = ["image", "label", "scan", "finding", "patient"]

    assert resolve_columns(present, given, TABLE) == Columns(
        "scan", "finding", None, "patient"
    )


@pytest.mark.parametrize(
    ("present", "given", "message"),
    [
        (["label"], Columns(), r"the table has no image column \(none of image,"),
        (["image", "lable"], Columns(label="label"), "did you mean 'lable'"),
        (["image", "label"], Columns(group="patient"), "no group column 'patient'"),
        (["image", "label", "label"], Columns(), "several columns 'label'"),
        ([], Columns(), r"the columns \(none\)"),
    ],
)
def test_resolve_columns_that_are_missing_say_what_is_there(
    present: list[str], given: Columns, message: str
) -> None:
    """The error names the table, the role, and the columns there are."""
    with pytest.raises(DataError, match=message):
        resolve_columns(present, given, TABLE)


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA, "", " "])
def test_to_raw_of_a_gap_is_none(gap: Any) -> None:
    """An empty cell has no image."""
    assert to_raw(gap, "", None) is None


def test_to_raw_of_encoded_bytes_and_pictures_is_what_they_are() -> None:
    """The decoder takes them as they are."""
    image = Image.new("L", (2, 2))

    assert to_raw(b"png", "", None) == b"png"
    assert to_raw(image, "", None) is image


def test_to_raw_of_a_struct_prefers_its_bytes() -> None:
    """Hugging Face keeps bytes and a path side by side."""
    assert to_raw({"bytes": b"png", "path": "a.png"}, "root", None) == b"png"
    assert to_raw({"bytes": None, "path": "a.png"}, "root", None) == LocalFile(
        "root/a.png"
    )
    assert to_raw({"path": None}, "root", None) is None


def test_to_raw_of_nested_lists_is_an_array() -> None:
    """Parquet gives an array as lists of lists, or of arrays."""
    rows = [[1, 2], [3, 4]]
    nested = np.empty(2, dtype=object)
    nested[:] = [np.array(row) for row in rows]

    assert np.array_equal(to_raw(rows, "", None), rows)
    assert np.array_equal(to_raw(nested, "", None), rows)


def test_to_raw_of_flat_pixels_takes_the_shape() -> None:
    """Bytes or numbers in one row; a wrong length stays flat, to be set aside."""
    flat = np.arange(6, dtype=np.uint8)

    assert np.array_equal(to_raw(flat, "", (3, 2, 1)), flat.reshape(3, 2, 1))
    assert np.array_equal(to_raw(flat.tobytes(), "", (3, 2, 1)), flat.reshape(3, 2, 1))
    assert to_raw(flat[:5], "", (3, 2, 1)).shape == (5,)


@pytest.mark.parametrize("path", ["cat/1.png", Path("cat/1.png")])
def test_to_raw_of_a_path_starts_from_the_root(path: Any) -> None:
    """A manifest's paths are relative to its folder."""
    assert to_raw(path, "data", None) == LocalFile("data/cat/1.png")


def test_located_absolute_path_stays() -> None:
    """A root is for relative paths only."""
    assert located("/images/1.png", "data") == LocalFile("/images/1.png")


def test_located_remote_file_is_its_content() -> None:
    """A URL, or a path below one, is read."""
    import fsspec

    with fsspec.open("memory://bucket/1.png", "wb") as file:
        file.write(b"png")

    assert located("memory://bucket/1.png", "") == b"png"
    assert located("1.png", "memory://bucket/") == b"png"
    assert located("2.png", "memory://bucket") is None


def test_content_key_changes_with_each_part() -> None:
    """Bytes, arrays, values and their order all count."""
    parts = [b"png", np.zeros(3), "label", None]
    keys = {
        content_key(parts),
        content_key([b"PNG", *parts[1:]]),
        content_key([b"png", np.zeros(3, np.float32), "label", None]),
        content_key([b"png", np.zeros((3, 1)), "label", None]),
        content_key(parts[::-1]),
        content_key(parts[:-1]),
    }

    assert len(keys) == 6
    assert content_key(iter(parts)) in keys


def test_content_key_of_objects_follows_their_values() -> None:
    """An array of objects has no bytes that could be hashed."""
    first = np.array(["a", None], dtype=object)

    assert content_key([first]) == content_key([first.copy()])
    assert content_key([first]) != content_key([first[::-1]])


def test_file_key_changes_with_the_file(tmp_path: Path) -> None:
    """Size and time of change stand for the content."""
    path = tmp_path / "1.png"
    missing = file_key(str(path))
    path.write_bytes(b"png")
    first = file_key(str(path))
    path.write_bytes(b"longer")

    assert missing.endswith(":missing")
    assert len({missing, first, file_key(str(path))}) == 3
    assert file_key("a\0b").endswith(":missing")
