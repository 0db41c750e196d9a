"""Datasets as files: local, remote, versioned; what is removed and what stays."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest
from kedro.io import MemoryDataset
from kedro.io.core import Version

from kedro_nas.datasets import ReportDataset
from kedro_nas.errors import DataError
from kedro_nas.framework.stored import StoredDataset


def _stored(dataset: object) -> StoredDataset:
    found = StoredDataset.of(dataset)
    assert found is not None
    return found


def test_stored_of_a_dataset_in_memory_is_nothing() -> None:
    """What is kept nowhere has no files."""
    assert StoredDataset.of(MemoryDataset()) is None


def test_stored_remote_removes_only_the_remote_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder here that is named like a bucket is not touched."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "report.html").write_text("mine")
    dataset = ReportDataset(filepath="memory://bucket/report.html")
    dataset.save("theirs")
    stored = _stored(dataset)
    path = stored.removable(all_versions=False)
    assert path is not None
    stored.remove(path)

    assert stored.address.startswith("memory://")
    assert not dataset.exists()
    assert (tmp_path / "bucket" / "report.html").read_text() == "mine"


class _OfNoFileSystem:
    """A dataset that gives its address, and neither protocol nor file system."""

    def _describe(self) -> dict[str, str]:
        return {"path": "memory://bucket/report.html"}


def test_stored_of_an_address_removes_no_local_folder_named_like_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is called `memory:` here is not the remote file system."""
    monkeypatch.chdir(tmp_path)
    local = tmp_path / "memory:" / "bucket" / "report.html"
    local.parent.mkdir(parents=True)
    local.write_text("mine")
    stored = _stored(_OfNoFileSystem())

    assert stored.protocol == "memory"
    assert stored.removable(all_versions=True) is None
    assert local.read_text() == "mine"


@pytest.mark.parametrize(
    ("protocol", "path"), [("file", "/"), ("memory", "/"), ("s3", "bucket")]
)
def test_stored_that_is_a_whole_bucket_is_not_removed(protocol: str, path: str) -> None:
    """What else is in a bucket or on a disk is not ours."""
    stored = StoredDataset(path, protocol, fsspec.filesystem("memory"), None)

    with pytest.raises(DataError, match="whole bucket or disk"):
        stored.removable(all_versions=True)


@pytest.mark.parametrize(("all_versions", "left"), [(False, ["1"]), (True, [])])
def test_stored_versioned_removes_one_version_or_all(
    tmp_path: Path, *, all_versions: bool, left: list[str]
) -> None:
    """The newest version goes; the others only when that is asked for."""
    path = str(tmp_path / "report.html")
    for number in ("1", "2"):
        ReportDataset(filepath=path, version=Version(None, number)).save(number)
    stored = _stored(ReportDataset(filepath=path, version=Version(None, None)))
    chosen = stored.removable(all_versions=all_versions)
    assert chosen is not None
    stored.remove(chosen)

    assert sorted(p.name for p in tmp_path.glob("report.html/*")) == left


def test_stored_never_written_has_nothing_to_remove(tmp_path: Path) -> None:
    """Neither a plain nor a versioned dataset fails for want of files."""
    path = str(tmp_path / "report.html")
    for version in (None, Version(None, None)):
        stored = _stored(ReportDataset(filepath=path, version=version))

        assert stored.removable(all_versions=False) is None
        assert stored.written_at() is None


def test_stored_size_counts_all_files(tmp_path: Path) -> None:
    """A folder is as large as what is in it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"12345")
    stored = StoredDataset(str(tmp_path), "file", fsspec.filesystem("file"), None)

    assert stored.size(str(tmp_path)) == 5
