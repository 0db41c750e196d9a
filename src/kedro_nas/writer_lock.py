"""A lock that allows one process at a time to write into a workspace.

The lock is `flock` on a file in the workspace; the system releases it when the process
ends, however it ends. The file also names the process that holds it, for the error in
the second one. On shared disks `flock` works between machines if the file server
supports locks; it may keep that of a machine that is gone. So the holder touches its
file every few seconds, and the error in the second process says since when it has not,
and how to take the workspace over.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import inspect
import json
import logging
import os
import signal
import threading
import time
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
TOUCH_S = 10.0  # between two signs of life of a holder
SILENT_S = 120.0  # without one a holder on another machine counts as gone
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
        self._toucher: threading.Thread | None = None
        # Set by the main thread once it is interrupted, without the guard: another
        # signal while it has the guard would leave it locked for good.
        self.is_leaving = False
        self._held: dict[Path, tuple[int, int]] = {}  # file descriptor, times acquired

    def acquire(self, workspace: Path) -> None:
        with self._guard:
            descriptor, times = self._held.get(workspace, (None, 0))
            if descriptor is None:
                descriptor = _locked(workspace)
                self.is_leaving = False
            self._held[workspace] = descriptor, times + 1
            if self._toucher is None or not self._toucher.is_alive():
                self._toucher = threading.Thread(target=self._touch, daemon=True)
                self._toucher.start()

    def _touch(self) -> None:
        """Give signs of life, and stop this process where its lock was taken over."""
        is_told = False
        while True:
            time.sleep(TOUCH_S)
            with self._guard:
                if not self._held:
                    self._toucher = None
                    return
                lost = [
                    workspace
                    for workspace, (descriptor, _) in self._held.items()
                    if not _touched(descriptor, workspace / LOCK_FILE)
                ]
            if lost and not is_told:
                is_told = True
                logger.error(
                    "Another run has taken over the workspace %s: this one stops, as "
                    "two would spoil it.",
                    lost[0],
                )
            if lost and not self.is_leaving:
                # A real signal, which also ends a call that waits. Again until it is
                # followed: one that comes just before such a call does not end it.
                signal.pthread_kill(threading.main_thread().ident or 0, _to_stop())

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
        _locks.is_leaving = True
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


def _to_stop() -> signal.Signals:
    """Return the signal that ends this process: a shell's background job has no SIGINT.

    What a script starts with `&` ignores it, and so do the processes it starts.
    """
    is_ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    return signal.SIGTERM if is_ignored else signal.SIGINT


def _touched(descriptor: int, path: Path) -> bool:
    """Note the time in a lock file; return whether it is still the lock's file.

    One that is missing was deleted with the workspace by this process.
    """
    with contextlib.suppress(OSError):  # a disk that is away may come back
        os.utime(descriptor)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return True


def _locked(workspace: Path) -> int:
    path = workspace / LOCK_FILE
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        descriptor = _open_and_lock(path)
    except BlockingIOError as error:
        raise _refusal(path, _holder(path)) from error
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
            if _is_held_by_note(path):
                os.close(descriptor)
                raise BlockingIOError from error
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


def _silent_s(path: Path) -> float:
    """Return the seconds since the last sign of life in a lock file."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0


def _is_held_by_note(path: Path) -> bool:
    """Return whether a file says that a living process holds it, where locks do not."""
    holder = _holder(path)
    if holder is None or holder.process == ProcessIdentity.current():
        return False
    if holder.process.is_on_this_host():
        return holder.process.is_alive()
    return _silent_s(path) < SILENT_S


def _refusal(path: Path, holder: Holder | None) -> SearchError:
    who, silent_s = "a process that has just started", 0.0
    if holder is not None:
        process, silent_s = holder.process, _silent_s(path)
        who = (
            f"process {process.pid} on {process.host}, since {holder.since}, last sign "
            f"of life {silent_s:.0f} s ago"
        )
    remedy = (
        "Wait until it has ended, or stop it; nothing was changed. For two searches at "
        "the same time set another workspace path in the catalog"
    )
    is_remote = holder is not None and not holder.process.is_on_this_host()
    if is_remote and silent_s > SILENT_S:
        remedy = (
            f"If that machine is gone, its file server still keeps the lock: delete "
            f"{path} and run the same command; nothing is lost. Should that run be "
            "alive after all, it stops by itself"
        )
    return SearchError(
        f"another run is writing into the workspace {path.parent}",
        received=who,
        allowed="one run at a time",
        remedy=remedy,
    )


def _now() -> str:
    return datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds")
