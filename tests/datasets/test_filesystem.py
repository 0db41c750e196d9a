"""Arguments of file systems: known ones only, and credentials win."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.io.core import DatasetError

from kedro_nas.datasets import (
    ExportsDataset,
    ImagesDataset,
    ImageStoreDataset,
    ReportDataset,
)
from kedro_nas.datasets.filesystem import storage_options


@pytest.mark.parametrize(
    "make",
    [
        lambda fs_args: ReportDataset(filepath="memory://x.html", fs_args=fs_args),
        lambda fs_args: ExportsDataset(path="memory://x", fs_args=fs_args),
        lambda fs_args: ImageStoreDataset(path="memory://x", fs_args=fs_args),
        lambda fs_args: ImagesDataset(path="memory://x", fs_args=fs_args),
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
