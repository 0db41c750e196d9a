"""`kedro_nas.datasets.report_dataset`."""

from __future__ import annotations

from pathlib import Path

from kedro_nas.datasets import ReportDataset

PAGE = "<h1>Größe · 89.3 %</h1>"


def test_report_dataset_keeps_every_letter(tmp_path: Path) -> None:
    """The page is UTF-8, whatever the locale of the machine."""
    dataset = ReportDataset(filepath=str(tmp_path / "report.html"))
    dataset.save(PAGE)

    assert dataset.load() == PAGE
    assert (tmp_path / "report.html").read_bytes() == PAGE.encode("utf-8")


def test_report_dataset_preview_is_the_page(tmp_path: Path) -> None:
    """kedro-viz shows the report itself."""
    dataset = ReportDataset(filepath=str(tmp_path / "report.html"))
    dataset.save(PAGE)

    assert dataset.preview() == PAGE


def test_report_dataset_makes_missing_folders(tmp_path: Path) -> None:
    """The first run has a place to write to."""
    dataset = ReportDataset(filepath=str(tmp_path / "a" / "b" / "report.html"))
    existed = dataset.exists()
    dataset.save(PAGE)

    assert not existed
    assert dataset.exists()
