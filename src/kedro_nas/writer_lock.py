"""One writer per workspace: a lock of the operating system, and who holds it.

The lock is `flock` on a file in the workspace: the system gives it back when its holder
ends, however it ends, so nothing is ever left locked. Beside it stands a record of the
holder, for the message to whoever comes second. On shared disks `flock` holds between
machines as well, where the disk's server supports locks.
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
# what flock raises on disks that have no locks
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holder:
    """Who writes into a workspace.

    Attributes:
        process: The process, with its machine.
        since: When it took the lock, ISO 8601 with the offset of its time zone.
    """

    process: ProcessIdentity
    since: str

    @classmethod
    def read(cls, text: str) -> Holder | None:
        """Read the record beside a lock; None where it is not whole."""
        try:
            value = json.loads(text)
        except ValueError:
            return None
        process = ProcessIdentity.read(value) if isinstance(value, dict) else None
        return None if process is None else cls(process, str(value.get("since")))

    def to_text(self) -> str:
        """Return the record as JSON; `read` is the inverse."""
        return json.dumps({**asdict(self.process), "since": self.since})


class _Locks:
    """The workspaces this process holds; a stage may take what its run holds."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: dict[Path, tuple[int, int]] = {}  # file descriptor, times taken

    def take(self, workspace: Path) -> None:
        with self._guard:
            descriptor, times = self._held.get(workspace, (None, 0))
            if descriptor is None:
                descriptor = _locked(workspace)
            self._held[workspace] = descriptor, times + 1

    def give_back(self, workspace: Path, *, wholly: bool) -> None:
        with self._guard:
            if workspace not in self._held:
                return
            descriptor, times = self._held.pop(workspace)
            if times > 1 and not wholly:
                self._held[workspace] = descriptor, times - 1
                return
            with contextlib.suppress(OSError):  # the record is for messages only
                os.ftruncate(descriptor, 0)
            # explicitly, as forked children share the descriptor
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


_locks = _Locks()


@contextmanager
def hold_workspace(workspace: Path) -> Iterator[None]:
    """Be the only process that writes into a workspace, for the length of a block.

    Blocks of one process may be nested. Ctrl-C gives the workspace back from all of
    them, as Kedro tells no hook that a run was interrupted.

    Args:
        workspace: The folder; made when it is missing.

    Raises:
        SearchError: Another process holds it, or the folder cannot be written.
    """
    workspace = Path(workspace).resolve()
    _locks.take(workspace)
    try:
        yield
    except KeyboardInterrupt:
        _locks.give_back(workspace, wholly=True)
        raise
    finally:
        _locks.give_back(workspace, wholly=False)


def one_writer(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function run only where no other process writes into its `workspace`.

    Args:
        function: One of its parameters is called `workspace`.
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
            remedy="Mend its permissions or its disk, or give nas.workspace another "
            "path in the catalog",
        ) from error
    here = Holder(ProcessIdentity.current(), since=_now())
    with contextlib.suppress(OSError):  # what follows will say that the disk is full
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
                "%s is on a disk without locks (%s): see that one run uses it at a "
                "time.",
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
        return None  # it has just taken the lock, or just given it back


def _refusal(workspace: Path, holder: Holder | None) -> SearchError:
    who = "a process that has just begun"
    if holder is not None:
        process = holder.process
        who = f"process {process.pid} on {process.host}, since {holder.since}"
    return SearchError(
        f"another run is writing into the workspace {workspace}",
        received=who,
        allowed="one run at a time",
        remedy="Wait until it has ended, or stop it; nothing was touched. A second "
        "search at the same time needs another path for its workspace in the catalog",
    )


def _now() -> str:
    return datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds")
