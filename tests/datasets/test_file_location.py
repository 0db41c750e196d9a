"""`kedro_nas.datasets.file_location`: arguments of file systems are checked."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.spec import AbstractFileSystem
from kedro.io.core import DatasetError

from kedro_nas.datasets import (
    ExportsDataset,
    ImagesDataset,
    ImageStoreDataset,
    ReportDataset,
    TrialsDataset,
)
from kedro_nas.datasets.file_location import FileLocation
from kedro_nas.errors import DataError


def _options(address: str, fs_args: dict[str, Any]) -> Any:
    return FileLocation.parse(address, fs_args=fs_args).options


def test_file_location_on_this_machine_makes_missing_folders(tmp_path: Path) -> None:
    """A catalog entry names folders that the first run makes."""
    location = FileLocation.parse(str(tmp_path / "a" / "b.txt"))
    location.open().pipe_file(location.path, b"written")

    assert (location.protocol, location.path) == ("file", str(tmp_path / "a" / "b.txt"))
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"written"


@pytest.mark.parametrize(
    ("address", "remedy"),
    [("s3://bucket/flowers", "'kedro-nas[s3]'"), ("gs://bucket/a", "that package")],
)
def test_file_location_without_the_package_of_its_protocol_says_what_to_install(
    address: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry is right; what is missing is an extra."""

    def missing(*_: Any, **__: Any) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "filesystem", missing)
    location = FileLocation(*address.split("://"))

    with pytest.raises(DataError, match="Install s3fs") as raised:
        location.open()
    assert remedy in raised.value.remedy
    assert address in raised.value.failed


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
    assert _options("file://x", {"auto_mkdir": False}) == {"auto_mkdir": False}


def test_credentials_win_over_fs_args() -> None:
    """One precedence in all datasets: the secret file decides."""
    location = FileLocation.parse(
        "memory://x",
        credentials={"use_listings_cache": False},
        fs_args={"use_listings_cache": True},
    )

    assert location.options == {"use_listings_cache": False}


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
        assert _options("https://x", {name: {}}) == {name: {}}
