"""`kedro_nas.datasets.exports_dataset`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kedro.io.core import DatasetError, Version

from kedro_nas.datasets import ExportsDataset


def _made(folder: Path, text: str) -> Path:
    (folder / "saved_model").mkdir(parents=True)
    (folder / "saved_model" / "graph.pb").write_text(text)
    return folder


def test_exports_dataset_save_takes_the_folder_over(tmp_path: Path) -> None:
    """The node's temporary folder becomes the exports; nothing is left of it."""
    made = _made(tmp_path / "made", "new")
    dataset = ExportsDataset(path=str(tmp_path / "exports"))
    dataset.save(made)

    assert not made.exists()
    assert (dataset.load() / "saved_model" / "graph.pb").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["exports"]


def test_exports_dataset_save_leaves_no_file_of_the_former_run(tmp_path: Path) -> None:
    """A format that is no longer exported does not linger."""
    dataset = ExportsDataset(path=str(tmp_path / "exports"))
    (_made(tmp_path / "first", "old") / "model.keras").write_text("old")
    dataset.save(tmp_path / "first")
    dataset.save(_made(tmp_path / "second", "new"))

    names = sorted(path.name for path in dataset.load().iterdir())

    assert names == ["saved_model"]


def test_exports_dataset_of_a_failed_save_keeps_the_former_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the copy breaks off, the exports are those of before."""
    dataset = ExportsDataset(path=str(tmp_path / "exports"))
    dataset.save(_made(tmp_path / "first", "old"))

    def break_off(*arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(shutil, "move", break_off)
    with pytest.raises(DatasetError, match="no space left"):
        dataset.save(_made(tmp_path / "second", "new"))

    assert (dataset.load() / "saved_model" / "graph.pb").read_text() == "old"


def test_exports_dataset_remote_round_trips(tmp_path: Path) -> None:
    """A remote folder is replaced whole and fetched for reading."""
    dataset = ExportsDataset(path="memory://tests/exports")
    dataset.save(_made(tmp_path / "first", "old"))
    dataset.save(_made(tmp_path / "second", "new"))

    assert (dataset.load() / "saved_model" / "graph.pb").read_text() == "new"
    assert json.loads(dataset.preview()) == {"saved_model/graph.pb": 3}


def test_exports_dataset_load_of_nothing_names_the_stage(tmp_path: Path) -> None:
    """Reading before the export stage says which stage to run."""
    dataset = ExportsDataset(path=str(tmp_path / "exports"))

    assert not dataset.exists()
    with pytest.raises(DatasetError, match="Run the stage 'export' first"):
        dataset.load()


def test_exports_dataset_save_of_a_file_is_refused(tmp_path: Path) -> None:
    """Only a folder can become the exports."""
    file = tmp_path / "model.keras"
    file.write_text("")

    with pytest.raises(DatasetError, match="are a folder"):
        ExportsDataset(path=str(tmp_path / "exports")).save(file)


def test_exports_dataset_versioned_keeps_both_versions(tmp_path: Path) -> None:
    """Each run's folder is kept, and the newest is loaded."""
    path = str(tmp_path / "exports")
    for number in ("1", "2"):
        made = _made(tmp_path / f"made-{number}", number)
        ExportsDataset(path=path, version=Version(None, number)).save(made)
    newest = ExportsDataset(path=path, version=Version(None, None))
    former = ExportsDataset(path=path, version=Version("1", None))

    assert (newest.load() / "saved_model" / "graph.pb").read_text() == "2"
    assert (former.load() / "saved_model" / "graph.pb").read_text() == "1"
    assert not ExportsDataset(path=path + "x", version=Version(None, None)).exists()
