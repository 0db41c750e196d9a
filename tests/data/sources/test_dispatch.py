"""Whatever a team has, the right source reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kedro_nas.data.sources.arrays import ArraysSource
from kedro_nas.data.sources.base import Columns, Listing, Source
from kedro_nas.data.sources.dispatch import KINDS, as_source, source_at
from kedro_nas.data.sources.folder import FolderSource
from kedro_nas.data.sources.frame import FrameSource, ManifestSource
from kedro_nas.data.sources.npz import NpzSource
from kedro_nas.data.sources.partitions import PartitionsSource
from kedro_nas.data.sources.remote import Storage
from kedro_nas.data.sources.table import TableSource
from kedro_nas.errors import DataError

SOURCES = {
    "folder": FolderSource,
    "parquet": TableSource,
    "arrow": TableSource,
    "csv": ManifestSource,
    "npz": NpzSource,
}


@pytest.mark.parametrize("kind", KINDS)
def test_source_at_of_each_kind_needs_no_suffix(kind: str) -> None:
    """`source` in the catalog decides, whatever the file is called."""
    assert type(source_at("data/x.bin", kind)) is SOURCES[kind]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("x.parquet", TableSource),
        ("x.PQ", TableSource),
        ("s3://bucket/x.feather", TableSource),
        ("x.tsv", ManifestSource),
        ("x.npz", NpzSource),
        ("flowers", FolderSource),
        ("s3://bucket/flowers", FolderSource),
    ],
)
def test_source_at_tells_the_kind_from_the_path(path: str, source: type) -> None:
    """Nothing is read, so the place need not exist yet."""
    assert type(source_at(path)) is source


def test_source_at_of_a_folder_looks_inside(tmp_path: Path) -> None:
    """A folder of tables is a table; with two kinds of tables it is a folder."""
    (tmp_path / "a.parquet").touch()
    one = source_at(tmp_path)
    (tmp_path / "b.arrow").touch()
    two = source_at(tmp_path)

    assert (type(one), type(two)) == (TableSource, FolderSource)


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("x.docx", None, "a suffix that is not known"),
        ("x.parquet", "zip", "the kind zip"),
        ("sftp://alice:S3CRET@host/x.docx", None, r"alice:\*\*\*@host"),
    ],
)
def test_source_at_of_an_unknown_kind_lists_the_known(
    path: str, kind: str | None, message: str
) -> None:
    """The error shows what can be read, and no password."""
    with pytest.raises(DataError, match=message) as caught:
        source_at(path, kind)

    assert "parquet" in caught.value.allowed
    assert "S3CRET" not in str(caught.value)


ARRAYS = np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("images", "source"),
    [
        (pd.DataFrame({"image": [], "label": []}), FrameSource),
        ("data/x.npz", NpzSource),
        (Path("data/flowers"), FolderSource),
        (ARRAYS, ArraysSource),
        (list(ARRAYS), ArraysSource),
        ((ARRAYS, ARRAYS), ArraysSource),
        (dict(zip(("images", "labels"), ARRAYS, strict=True)), ArraysSource),
        ({"cat/1.png": lambda: b""}, PartitionsSource),
    ],
    ids=["frame", "archive", "folder", "pair", "list", "splits", "named", "partitions"],
)
def test_as_source_accepts_what_a_node_returns(images: Any, source: type) -> None:
    """A team's upstream node needs no adapter."""
    assert type(as_source(images, Columns())) is source


def test_as_source_gives_columns_to_a_source() -> None:
    """An ImagesDataset may leave its columns to the parameters."""
    source = source_at("x.parquet")

    assert as_source(source, Columns(label="finding")) is source
    assert source.columns.label == "finding"


@pytest.mark.parametrize("images", [42, None, (1, 2, 3)])
def test_as_source_of_anything_else_is_an_error(images: Any) -> None:
    """The message says what would have been accepted."""
    with pytest.raises(DataError, match=type(images).__name__) as caught:
        as_source(images, Columns())

    assert "DataFrame" in caught.value.allowed


class NamesOnly(Source):
    """A source of another package."""

    def __init__(self, path: str, columns: Columns, storage_options: Any) -> None:
        self.path, self.columns, self.given = path, columns, storage_options

    def describe(self) -> str:
        return "names"

    def listing(self) -> Listing:
        return Listing(["a", "b"], ["x", "y"], None, None, "1")

    def read(self, rows: Any) -> Any:
        return iter([])


def not_a_source(*_: object) -> int:
    return 7


def test_source_at_of_another_package_is_made_by_its_class() -> None:
    """A source from outside the package gets the path, the columns and the options."""
    columns = Columns(label="finding")

    source = source_at(
        *("s3://x", f"{__name__}:NamesOnly"),
        columns=columns,
        storage=Storage({"a": 1}),
    )

    assert isinstance(source, NamesOnly)
    assert (source.path, source.columns, source.given) == ("s3://x", columns, {"a": 1})


@pytest.mark.parametrize(
    ("name", "message"),
    [("not_a_source", "Received: a int"), ("absent", "cannot import")],
)
def test_source_at_of_another_package_that_is_none_is_refused(
    name: str, message: str
) -> None:
    """The message says what a source of one's own has to be."""
    with pytest.raises(DataError, match=message):
        source_at("s3://x", f"{__name__}:{name}")


def test_source_on_the_page_about_images_reads_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The class printed in the documentation works as printed."""
    page = Path(__file__).parents[3] / "docs" / "how-to" / "your-images.md"
    (code,) = re.findall(
        r"```python\n# src/my_team/sources.py\n(.*?)```", page.read_text(), re.DOTALL
    )
    (tmp_path / "team_sources.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "named").mkdir()
    for name in ("cat_1", "dog_1", "dog_2"):
        Image.new("L", (4, 4)).save(tmp_path / "named" / f"{name}.png")

    source = source_at(tmp_path / "named", "team_sources:NameLabels")

    assert list(source.listing().labels) == ["cat", "dog", "dog"]
    first = next(iter(source.read(np.array([1]))))
    assert first == (tmp_path / "named" / "dog_1.png").read_bytes()
