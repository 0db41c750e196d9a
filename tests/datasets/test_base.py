"""What our datasets share: files written whole, versions, previews."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kedro.io import DataCatalog
from kedro.io.core import DatasetError, Version

from kedro_nas.datasets import ExportsDataset, ReportDataset
from kedro_nas.datasets.base import to_json


def test_to_json_of_what_json_does_not_know_is_null() -> None:
    """NaN and NumPy's numbers are shown in kedro-viz as JSON allows."""
    shown = json.loads(to_json({"loss": float("nan"), "shape": (1, 2)}))

    assert shown == {"loss": None, "shape": [1, 2]}


def test_file_dataset_of_a_failed_write_keeps_the_former_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that is cut short leaves what an earlier run wrote."""
    dataset = ReportDataset(filepath=str(tmp_path / "report.html"))
    dataset.save("former")

    def cut_short(self: Path, target: Path) -> Path:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", cut_short)
    with pytest.raises(DatasetError, match="no space left"):
        dataset.save("newer")
    monkeypatch.undo()

    assert dataset.load() == "former"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_file_dataset_on_a_remote_filesystem_round_trips() -> None:
    """Any fsspec protocol will do."""
    dataset = ReportDataset(filepath="memory://tests/report.html")
    before = dataset.exists()
    dataset.save("remote")

    assert not before
    assert dataset.exists()
    assert dataset.load() == "remote"


def test_file_dataset_versioned_keeps_both_versions(tmp_path: Path) -> None:
    """Each run's file is kept, and the newest is loaded."""
    path = str(tmp_path / "report.html")
    first = ReportDataset(filepath=path, version=Version(None, "2026-01-01T00.00.00"))
    first.save("first")
    second = ReportDataset(filepath=path, version=Version(None, "2026-01-02T00.00.00"))
    second.save("second")

    newest = ReportDataset(filepath=path, version=Version(None, None))
    former = ReportDataset(filepath=path, version=Version("2026-01-01T00.00.00", None))

    assert newest.load() == "second"
    assert former.load() == "first"


def test_file_dataset_versioned_without_a_version_does_not_exist(
    tmp_path: Path,
) -> None:
    """Asking a versioned dataset that was never written is not an error."""
    path = str(tmp_path / "report.html")
    dataset = ReportDataset(filepath=path, version=Version(None, None))

    assert not dataset.exists()


@pytest.mark.parametrize("name", ["ExportsDataset", "ReportDataset"])
def test_datasets_give_kedro_the_arguments_of_their_entries(name: str) -> None:
    """A catalog that is written as configuration has the keys of its entries."""
    kind = {"ExportsDataset": ExportsDataset, "ReportDataset": ReportDataset}[name]
    key = "path" if kind is ExportsDataset else "filepath"
    catalog = DataCatalog({"kept": kind(**{key: "memory://tests/kept"})})
    entry = catalog.to_config()[0]["kept"]

    assert {key, "fs_args"} <= entry.keys()
    assert DataCatalog.from_config({"kept": entry})["kept"]._fs is not None


@pytest.mark.parametrize(
    ("kind", "argument"), [(ReportDataset, "filepath"), (ExportsDataset, "path")]
)
def test_datasets_refuse_versions_where_the_file_system_has_none(
    kind: type[ReportDataset | ExportsDataset], argument: str
) -> None:
    """`versioned: true` of a web address is refused when the catalog is read."""
    given = {argument: "https://example.org/it", "version": Version(None, None)}

    with pytest.raises(DatasetError, match="Versioning is not supported for HTTP"):
        kind(**given)
