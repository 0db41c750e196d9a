"""What our datasets share: files written whole, arguments of file systems, previews."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.spec import AbstractFileSystem
from kedro.io.core import DatasetError, Version

from kedro_nas.datasets import (
    ExportsDataset,
    ImagesDataset,
    ImageStoreDataset,
    ReportDataset,
    TrialsDataset,
)
from kedro_nas.datasets.base import storage_options, to_json


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


@pytest.mark.parametrize(
    "make",
    [
        lambda fs_args: ReportDataset(filepath="memory://x.html", fs_args=fs_args),
        lambda fs_args: ExportsDataset(path="memory://x", fs_args=fs_args),
        lambda fs_args: ImageStoreDataset(path="memory://x", fs_args=fs_args),
        lambda fs_args: ImagesDataset(path="memory://x", fs_args=fs_args),
        lambda fs_args: TrialsDataset(filepath="memory://x", fs_args=fs_args),
    ],
)
def test_fs_args_that_are_unknown_are_refused(make: Any) -> None:
    """An argument nobody reads is an error, not silence."""
    with pytest.raises(DatasetError, match=r"skip_instance_cach.*Did you mean"):
        make({"skip_instance_cach": True})


def test_fs_args_of_this_disk_may_be_named() -> None:
    """What a file system knows is accepted."""
    assert storage_options("file", None, {"auto_mkdir": False}) == {"auto_mkdir": False}


def test_credentials_win_over_fs_args() -> None:
    """One precedence in all datasets: the secret file decides."""
    options = storage_options(
        "memory", {"use_listings_cache": False}, {"use_listings_cache": True}
    )

    assert options == {"use_listings_cache": False}


def test_credentials_win_in_a_dataset_of_kedro_s_that_is_extended() -> None:
    """Kedro's own Parquet dataset lets `fs_args` win; ours are alike."""
    dataset = TrialsDataset(
        filepath="memory://trials.parquet",
        credentials={"use_listings_cache": False},
        fs_args={"use_listings_cache": True, "open_args_save": {"mode": "wb"}},
    )

    assert dataset._fs.storage_options == {"use_listings_cache": False}


class _HttpFileSystem(AbstractFileSystem):
    """Hands what it does not name on to its requests, as fsspec's own does."""

    def __init__(self, block_size: int = 0, **storage_options: Any) -> None:
        super().__init__(**storage_options)


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [("headers", True), ("block_sise", False), ("open_args_load", False)],
)
def test_fs_args_that_a_file_system_hands_on_are_taken(
    name: str, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
) -> None:
    """Headers of requests are no mistake; a misspelt name and a deaf one are."""
    monkeypatch.setattr(fsspec, "get_filesystem_class", lambda _: _HttpFileSystem)
    expected = nullcontext() if is_taken else pytest.raises(DatasetError, match=name)

    with expected:
        assert storage_options("https", None, {name: {}}) == {name: {}}
