"""Identity of a process that wrote a file, and whether it is still running."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_STATE, _START_TICKS = 0, 19  # fields 3 and 22 of /proc/<pid>/stat, after the name


@dataclass(frozen=True)
class ProcessIdentity:
    """Identifies one process, also after its pid has been reused.

    A pid alone is ambiguous: the system reuses it after the process has ended, and the
    first process of every container has the pid 1.

    Attributes:
        pid: Process id on its host.
        host: Name of the machine or container.
        process_start: Start time as an opaque text that differs between two processes
            with the same pid; empty if the system does not provide it.
    """

    pid: int
    host: str
    process_start: str

    @classmethod
    def current(cls) -> ProcessIdentity:
        """Return the identity of the calling process."""
        return cls(os.getpid(), platform.node(), _start_of(os.getpid()) or "")

    @classmethod
    def read(cls, value: object) -> ProcessIdentity | None:
        """Read an identity from the JSON values of `dataclasses.asdict`.

        Args:
            value: A mapping with at least these fields; others are ignored.

        Returns:
            The identity, or None if a field is missing or of another type.
        """
        if not isinstance(value, Mapping):
            return None
        pid, host = value.get("pid"), value.get("host")
        start = value.get("process_start")
        if type(pid) is int and isinstance(host, str) and isinstance(start, str):
            return cls(pid, host, start)
        return None

    def is_on_this_host(self) -> bool:
        """Return whether the process belongs to this host."""
        return self.host == platform.node()

    def is_alive(self) -> bool:
        """Return whether the process is still running; False on another host."""
        return self.is_on_this_host() and _start_of(self.pid) == self.process_start


def _start_of(pid: int) -> str | None:
    """Return the start time of a running process, None if there is no such process.

    It is counted in ticks since boot, which do not change when the clock is set.
    """
    if not (_PROC / "self" / "stat").exists():
        return "" if _is_used(pid) else None
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name may contain spaces and brackets
    if fields[_STATE] in {
        "Z",
        "X",
    }:  # ended, but its parent has not read its exit status
        return None
    return f"{boot.strip()}:{fields[_START_TICKS]}"


def _is_used(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
