"""`kedro_nas.datasets.workspace_dataset`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kedro.io.core import DatasetError

from kedro_nas.datasets import WorkspaceDataset
from kedro_nas.errors import SearchError


def test_workspace_dataset_load_makes_the_folder(tmp_path: Path) -> None:
    """The first run has a place to write to."""
    dataset = WorkspaceDataset(path=str(tmp_path / "a" / "workspace"))
    existed = dataset.exists()
    folder = dataset.load()

    assert existed
    assert folder == tmp_path / "a" / "workspace"
    assert folder.is_dir()


def test_workspace_dataset_load_where_nothing_can_be_written_says_what_to_do(
    tmp_path: Path,
) -> None:
    """A file in the way, a full or a read-only disk: no bare `OSError`."""
    (tmp_path / "a").touch()

    with pytest.raises(DatasetError) as raised:
        WorkspaceDataset(path=str(tmp_path / "a" / "workspace")).load()
    assert isinstance(raised.value.__cause__, SearchError)
    assert "Not a directory" in raised.value.__cause__.received
    assert "set another path for nas.workspace" in raised.value.__cause__.remedy


def test_workspace_dataset_load_keeps_what_is_there(tmp_path: Path) -> None:
    """State of a killed run is found again."""
    (tmp_path / "ledger.jsonl").write_text("{}\n")
    folder = WorkspaceDataset(path=str(tmp_path)).load()

    assert (folder / "ledger.jsonl").read_text() == "{}\n"


def test_workspace_dataset_save_is_refused(tmp_path: Path) -> None:
    """A node that returns a workspace is a mistake in the pipeline."""
    with pytest.raises(DatasetError, match="is an input"):
        WorkspaceDataset(path=str(tmp_path)).save(tmp_path)


def test_workspace_dataset_remote_is_refused() -> None:
    """State that is synced after each line needs a disk."""
    with pytest.raises(DatasetError, match="must be a local folder"):
        WorkspaceDataset(path="s3://bucket/workspace")


def test_workspace_dataset_preview_lists_files(tmp_path: Path) -> None:
    """kedro-viz shows what is in it, by path and size."""
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "ledger.jsonl").write_text("{}\n")
    shown = json.loads(WorkspaceDataset(path=str(tmp_path)).preview())

    assert shown == {"files": {"search/ledger.jsonl": 3}}
