"""A lock that allows one process at a time to write into a workspace.

The lock is `flock` on a file in the workspace; the system releases it when the process
ends, however it ends. The file also names the process that holds it, for the error in
the second one. On shared disks `flock` works between machines if the file server
supports locks.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import inspect
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from kedro_nas.errors import SearchError
from kedro_nas.process_identity import ProcessIdentity

LOCK_FILE = "writer.lock"
# errors of flock on file systems without locks
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holder:
    """The process that writes into a workspace.

    Attributes:
        process: The process, with its machine.
        since: When it acquired the lock, ISO 8601 with the offset of its time zone.
    """

    process: ProcessIdentity
    since: str

    @classmethod
    def read(cls, text: str) -> Holder | None:
        """Read the content of a lock file; None if it is incomplete."""
        try:
            value = json.loads(text)
        except ValueError:
            return None
        process = ProcessIdentity.read(value)
        return None if process is None else cls(process, str(value.get("since")))

    def to_text(self) -> str:
        """Return the holder as JSON; `read` is the inverse."""
        return json.dumps({**asdict(self.process), "since": self.since})


class _Locks:
    """The workspaces locked by this process; a lock may be acquired repeatedly."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: dict[Path, tuple[int, int]] = {}  # file descriptor, times acquired

    def acquire(self, workspace: Path) -> None:
        with self._guard:
            descriptor, times = self._held.get(workspace, (None, 0))
            if descriptor is None:
                descriptor = _locked(workspace)
            self._held[workspace] = descriptor, times + 1

    def release(self, workspace: Path, *, entirely: bool) -> None:
        with self._guard:
            if workspace not in self._held:
                return
            descriptor, times = self._held.pop(workspace)
            if times > 1 and not entirely:
                self._held[workspace] = descriptor, times - 1
                return
            with contextlib.suppress(OSError):  # the content is for messages only
                os.ftruncate(descriptor, 0)
            # explicitly, as forked child processes share the descriptor
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


_locks = _Locks()


@contextmanager
def hold_workspace(workspace: Path) -> Iterator[None]:
    """Lock a workspace against other processes while the block runs.

    Blocks of one process may be nested. Ctrl-C releases all of them at once, as Kedro
    calls no hook when a run is interrupted.

    Args:
        workspace: The folder; created if missing.

    Raises:
        SearchError: Another process holds it, or the folder cannot be written.
    """
    workspace = Path(workspace).resolve()
    _locks.acquire(workspace)
    try:
        yield
    except KeyboardInterrupt:
        _locks.release(workspace, entirely=True)
        raise
    finally:
        _locks.release(workspace, entirely=False)


def one_writer(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function with its `workspace` locked against other processes.

    Args:
        function: Has a parameter called `workspace`.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def locked(*args: P.args, **kwargs: P.kwargs) -> T:
        workspace = signature.bind(*args, **kwargs).arguments["workspace"]
        with hold_workspace(Path(workspace)):
            return function(*args, **kwargs)

    return locked


def _locked(workspace: Path) -> int:
    path = workspace / LOCK_FILE
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        descriptor = _open_and_lock(path)
    except BlockingIOError as error:
        raise _refusal(workspace, _holder(path)) from error
    except OSError as error:
        raise SearchError(
            f"the workspace {workspace} cannot be written",
            received=str(error),
            allowed="a folder this process may write into",
            remedy="Correct its permissions, or set another path for nas.workspace "
            "in the catalog",
        ) from error
    here = Holder(ProcessIdentity.current(), since=_now())
    with contextlib.suppress(OSError):  # later writes report a full disk
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, here.to_text().encode(), 0)
    return descriptor


def _open_and_lock(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _WITHOUT_LOCKS:
                os.close(descriptor)
                raise
            logger.warning(
                "%s is on a file system without locks (%s): make sure that only one "
                "run uses it at a time.",
                path.parent,
                error,
            )
            return descriptor
        # `kedro nas clean` may have removed the file between opening and locking
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)
        path.parent.mkdir(parents=True, exist_ok=True)


def _holder(path: Path) -> Holder | None:
    try:
        return Holder.read(path.read_text())
    except (OSError, UnicodeDecodeError):
        return None  # it has only just acquired or released the lock


def _refusal(workspace: Path, holder: Holder | None) -> SearchError:
    who = "a process that has just started"
    if holder is not None:
        process = holder.process
        who = f"process {process.pid} on {process.host}, since {holder.since}"
    return SearchError(
        f"another run is writing into the workspace {workspace}",
        received=who,
        allowed="one run at a time",
        remedy="Wait until it has ended, or stop it; nothing was changed. For two "
        "searches at the same time set another workspace path in the catalog",
    )


def _now() -> str:
    return datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds")
