"""`kedro_nas.datasets.file`: what datasets of one file have in common."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro.io.core import DatasetError, Version

from kedro_nas.datasets import ReportDataset


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
