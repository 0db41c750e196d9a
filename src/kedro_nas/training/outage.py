"""Distinguishes storage failures from candidates that cannot be trained.

A disk that is full, missing or not writable is no fault of the network being trained.
Where the image store and checkpoints are read and written, `storage` marks the error; a
worker reports it as an `Outage`, and the stage stops with everything kept.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kedro_nas.errors import KedroNasError

FULL = (errno.ENOSPC, errno.EDQUOT)
# Never caused by a network, whichever file was being read or written.
OF_THE_SYSTEM = (
    *FULL,
    errno.EIO,
    errno.ESTALE,
    errno.EROFS,
    errno.EMFILE,
    errno.ENFILE,
)


class Outage(BaseModel):
    """Storage that could not be read or written.

    Attributes:
        message: Message of the operating system, one line.
        path: The file or folder; empty where it is not known.
        errno: Error number of the operating system; null where there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    message: str
    path: str = ""
    errno: int | None = None

    def as_error(self) -> OSError:
        """Return an error that can be raised in another process."""
        return OSError(self.errno, self.message, self.path or None)


class StorageError(Exception):
    """The image store or a checkpoint could not be read or written.

    Args:
        path: The file or folder.
        cause: What was raised.
    """

    def __init__(self, path: str | Path, cause: BaseException) -> None:
        self.path, self.cause = str(path), cause
        super().__init__(f"{path}: {cause}")


@contextmanager
def storage(path: str | Path, also: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Raise errors of a block as storage errors.

    Args:
        path: What the block reads or writes.
        also: Errors that also count as storage errors here, besides `OSError`.

    Raises:
        StorageError: The block raised one of these.
    """
    kinds: tuple[type[Exception], ...] = (OSError, *also)
    try:
        yield
    except kinds as error:
        raise StorageError(path, error) from error


def outage_of(error: BaseException | None) -> Outage | None:
    """Return the outage behind an error, or None if it has another cause."""
    path = ""
    while error is not None:
        if isinstance(error, StorageError):
            path, error = error.path, error.cause
            return _outage(error, path)
        if isinstance(error, OSError) and error.errno in OF_THE_SYSTEM:
            return _outage(error, str(error.filename or ""))
        error = error.__cause__
    return None


def _outage(error: BaseException, path: str) -> Outage:
    number = error.errno if isinstance(error, OSError) else None
    text = (isinstance(error, OSError) and error.strerror) or str(error)
    lines = text.strip().splitlines() or [type(error).__name__]
    return Outage(message=lines[0][:500], path=path, errno=number)


@contextmanager
def outages_explained(kind: type[KedroNasError], folder: Path) -> Iterator[None]:
    """Turn system errors of a block into one that says how to resume the stage.

    Args:
        kind: The error of the stage.
        folder: Where the stage keeps its results.

    Raises:
        KedroNasError: Of that kind; the block raised an `OSError`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise kind(
                f"the disk of {folder} is full",
                received=str(error),
                allowed="room for the ledger and for a checkpoint per candidate",
                remedy="Free some space and run the same command; nothing is lost",
            ) from error
        raise kind(
            f"training stopped, as storage failed; its state is in {folder}",
            received=str(error),
            allowed="an image store and checkpoints that can be read and written",
            remedy="Run the same command when they can be used again; nothing is lost. "
            "A checkpoint that stays unreadable can be deleted: what it held is "
            "trained again",
        ) from error
