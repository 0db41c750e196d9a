"""Arguments of file systems: known ones only, and credentials win."""

from __future__ import annotations

from contextlib import nullcontext
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
from kedro_nas.datasets.filesystem import storage_options


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
