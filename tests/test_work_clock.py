"""Seconds of work, over all its sessions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kedro_nas.work_clock import TICK_S, WorkClock, noted_seconds

WORK = """
import sys, time
from pathlib import Path
from kedro_nas.work_clock import WorkClock
with WorkClock.resume(Path(sys.argv[1])).ticking():
    print("begun", flush=True)
    time.sleep(60)
"""


def test_work_clock_killed_work_keeps_its_seconds(tmp_path: Path) -> None:
    """Two sessions that were killed before they left anything have taken their time."""
    path = tmp_path / "clock.txt"
    for _ in range(2):
        command = [sys.executable, "-c", WORK, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as work:
            assert work.stdout is not None
            work.stdout.readline()
            time.sleep(5 * TICK_S)
            os.kill(work.pid, signal.SIGKILL)

    assert WorkClock.resume(path).seconds >= 6 * TICK_S


def test_work_clock_session_that_only_read_is_not_counted(tmp_path: Path) -> None:
    """Running a finished stage again does not make it slower."""
    path = tmp_path / "clock.txt"
    path.write_text("5.0")
    clock = WorkClock.resume(path, began=time.monotonic() - 100)
    with clock.ticking():
        assert clock.seconds > 100

    clock.leave_out_session()

    assert clock.seconds == noted_seconds(path) == 5.0


def test_work_clock_put_forward_never_goes_back(tmp_path: Path) -> None:
    """What another record knows of earlier sessions counts where it is more."""
    clock = WorkClock(tmp_path / "clock.txt", before_s=5.0)

    assert (clock.put_forward(7.0), clock.put_forward(3.0)) == (2.0, 0.0)
    assert clock.before_s == 7.0


@pytest.mark.parametrize("content", ["", "not a number"])
def test_noted_seconds_of_a_damaged_file_are_none(tmp_path: Path, content: str) -> None:
    """A clock a power loss emptied costs seconds of a budget, not the run."""
    path = tmp_path / "clock.txt"
    path.write_text(content)

    assert noted_seconds(path) == 0.0
