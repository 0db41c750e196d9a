"""A command with all its processes: their memory, a limit in seconds, a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POLL_S = 1.0
ENDING_S = 30.0  # that the system may take to end killed processes
_PROC = Path("/proc")


@dataclass(frozen=True)
class Watched:
    """How a command ran.

    Attributes:
        status: Exit status; negative for a signal.
        seconds: Wall seconds.
        peak_memory_mb: Largest memory of all its processes together, 10**6 bytes; pages
            they share count once (PSS).
        was_killed: Whether it was killed, at its limit or as asked.
    """

    status: int
    seconds: float
    peak_memory_mb: float
    was_killed: bool


def run_watched(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    kill_after_s: float,
    poll_s: float = POLL_S,
) -> Watched:
    """Run a command; kill it and all its processes after some seconds.

    Args:
        command: Program and arguments.
        log: Gets what it prints, after what is there already.
        env: All environment variables.
        kill_after_s: Wall seconds.
        poll_s: Between two looks at it.
    """
    began = time.monotonic()
    peak, was_killed = 0.0, False
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env=dict(env), start_new_session=True
        )
    while True:
        left = began + kill_after_s - time.monotonic()
        if left <= 0:
            was_killed = process.poll() is None
            kill_tree(process.pid)
        try:
            process.wait(max(0.01, min(poll_s, left)))
            break
        except subprocess.TimeoutExpired:
            peak = max(peak, sum(map(_memory_mb, tree(process.pid))))
    return Watched(process.returncode, time.monotonic() - began, peak, was_killed)


def tree(root: int) -> set[int]:
    """Return a process, its descendants and all others of its session."""
    parents: dict[int, int] = {}
    found = {root}
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # the name in parentheses may hold spaces: fields are counted after it
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        parents[int(entry.name)] = int(fields[1])
        if int(fields[3]) == root:
            found.add(int(entry.name))
    while True:
        children = {one for one, parent in parents.items() if parent in found} - found
        if not children:
            return found
        found |= children


def kill_tree(root: int) -> None:
    """Kill a process and everything it started, and wait until all of it has ended.

    What is left of one tool would take the cores of the next.
    """
    found = tree(root)
    for one in found:
        with suppress(ProcessLookupError):  # ended meanwhile
            os.kill(one, signal.SIGKILL)
    until = time.monotonic() + ENDING_S
    while any(map(_is_running, found)) and time.monotonic() < until:
        time.sleep(0.01)


def _is_running(process_id: int) -> bool:
    """Return whether a process exists and is more than an entry for its parent."""
    try:
        text = (_PROC / str(process_id) / "stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def _memory_mb(process_id: int) -> float:
    """Return the proportional memory of a process, 0 if it has ended."""
    try:
        text = (_PROC / str(process_id) / "smaps_rollup").read_text()
    except OSError:
        return 0.0
    lines = [one for one in text.splitlines() if one.startswith("Pss:")]
    return sum(int(line.split()[1]) for line in lines) * 1024 / 1e6
