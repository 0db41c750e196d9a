"""A disk's fault is told from a network's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kedro_nas.errors import SearchError
from kedro_nas.training.outage import (
    Outage,
    StorageError,
    outage_of,
    outages_explained,
    storage,
)


def _error(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    "number", [errno.ENOENT, errno.EACCES, errno.ESTALE, errno.ENOSPC]
)
def test_outage_of_storage_is_known_by_type_whatever_the_number(number: int) -> None:
    """Any system error on the store or a checkpoint is an outage, with its path."""
    with pytest.raises(StorageError) as raised, storage("/data/store"):
        raise _error(number)

    assert outage_of(raised.value) == Outage(
        message=os.strerror(number), path="/data/store", errno=number
    )


def test_outage_of_an_error_behind_another_is_found() -> None:
    """A library may wrap the error of a full disk in one of its own."""
    wrapped = RuntimeError("could not save")
    wrapped.__cause__ = _error(errno.EDQUOT, "/scratch/x")

    assert outage_of(wrapped) == Outage(
        message=os.strerror(errno.EDQUOT), path="/scratch/x", errno=errno.EDQUOT
    )


@pytest.mark.parametrize(
    "error",
    [ValueError("[Errno 28] No space left on device"), FileNotFoundError(2, "x", "w")],
)
def test_outage_of_a_candidates_own_fault_is_none(error: Exception) -> None:
    """A text that looks like an outage, and a missing file of the user, are not one."""
    assert outage_of(error) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EDQUOT, r"the disk of .* is full.*Free some space"),
        (errno.EACCES, r"storage failed.*Permission denied.*Run the same command"),
    ],
)
def test_outages_explained_says_what_to_do(
    number: int, said: str, tmp_path: Path
) -> None:
    """The error of the stage names the cause and how to go on."""
    with (
        pytest.raises(SearchError, match=said),
        outages_explained(SearchError, tmp_path),
    ):
        raise Outage(
            message=os.strerror(number), path="/data/store", errno=number
        ).as_error()
