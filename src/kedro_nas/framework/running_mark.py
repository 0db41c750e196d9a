"""The note that a run leaves in its workspace while it is in a stage.

Process ids mean nothing on another machine, or in another container: of a run there,
the times of its files tell whether it lives, since a living run writes all the time.
"""

from __future__ import annotations

import contextlib
import json
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from kedro_nas.files import write_json
from kedro_nas.process_identity import ProcessIdentity

_MARK = "running.json"
QUIET_S = 600.0  # an epoch of a large data set may write nothing for minutes


@dataclass(frozen=True)
class RemoteRun:
    """A run on another machine or in another container, as far as its files tell.

    Attributes:
        host: Name of that machine.
        quiet_s: Seconds since a file of the workspace was written.
    """

    host: str
    quiet_s: float

    @property
    def is_running(self) -> bool:
        """Whether it has written lately, as a living run does all the time."""
        return self.quiet_s < QUIET_S


@dataclass(frozen=True)
class NotedProcess:
    """A process that a file of the workspace names as the one that runs.

    Attributes:
        host: Name of its machine or container; None for an incomplete note.
        identity: Which process; None for an incomplete note.
    """

    host: str | None
    identity: ProcessIdentity | None

    def elsewhere(self, workspace: Path) -> RemoteRun | None:
        """Return the run it belongs to if that is on another machine, else None."""
        if self.host in {None, platform.node()}:
            return None
        newest = max((_changed_at(path) for path in workspace.rglob("*")), default=0.0)
        return RemoteRun(str(self.host), max(0.0, time.time() - newest))

    def is_alive(self, workspace: Path) -> bool:
        """Return whether it still runs."""
        remote = self.elsewhere(workspace)
        if remote is not None:
            return remote.is_running
        return self.identity is not None and self.identity.is_alive()


@dataclass(frozen=True)
class RunningMark:
    """A note that a process is in a stage; after a kill it counts no more.

    Attributes:
        stage: Name of the stage.
        process: Which process left it.
    """

    stage: str
    process: NotedProcess

    @classmethod
    def read(cls, workspace: Path) -> RunningMark | None:
        """Return the note in a workspace, None without a readable one."""
        try:
            value = json.loads((workspace / _MARK).read_text())
            stage, host = str(value["stage"]), value.get("host")
        except (OSError, ValueError, TypeError, KeyError):
            return None
        named = None if host is None else str(host)
        return cls(stage, NotedProcess(named, ProcessIdentity.read(value)))


def mark_running(workspace: Path, stage: str) -> None:
    """Note that this process is in a stage.

    Args:
        workspace: Of the search.
        stage: Its name.
    """
    with contextlib.suppress(OSError):  # a search needs no mark
        mark = {**asdict(ProcessIdentity.current()), "stage": stage}
        write_json(workspace / _MARK, mark)


def unmark_running(workspace: Path) -> None:
    """Remove the note of this process; that of another one stays."""
    mark = RunningMark.read(workspace)
    if mark is not None and mark.process.identity == ProcessIdentity.current():
        (workspace / _MARK).unlink(missing_ok=True)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # deleted in the meantime
