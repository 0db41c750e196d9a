"""A process is distinguished from a later one with the same pid."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from kedro_nas.process_identity import ProcessIdentity


def test_current_process_is_alive_and_survives_json() -> None:
    """What is written to a file is recognised when it is read."""
    here = ProcessIdentity.current()

    assert ProcessIdentity.read({**asdict(here), "stage": "search"}) == here
    assert here.is_alive()


def test_process_of_the_same_pid_with_another_start_is_not_alive() -> None:
    """A pid that was given again is another process."""
    here = ProcessIdentity.current()

    assert not replace(here, process_start="before the boot").is_alive()


def test_process_of_another_host_is_not_alive_here() -> None:
    """A pid means nothing on another machine."""
    there = replace(ProcessIdentity.current(), host="elsewhere")

    assert not there.is_on_this_host()
    assert not there.is_alive()


def test_process_that_ended_and_was_not_collected_is_not_alive() -> None:
    """A zombie has a pid, and runs nothing."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    here = ProcessIdentity.current()
    process.kill()
    process.stdin.close() if process.stdin else None
    try:
        import time

        end = time.monotonic() + 5
        there = replace(here, pid=process.pid)
        while time.monotonic() < end and there.is_alive():
            time.sleep(0.01)

        assert not there.is_alive()
    finally:
        process.wait()


@pytest.mark.parametrize(
    "value", [{}, {"pid": 1}, {"pid": "1", "host": "h", "process_start": ""}]
)
def test_read_of_an_incomplete_note_is_nothing(value: dict[str, object]) -> None:
    """A note without all fields names no process."""
    assert ProcessIdentity.read(value) is None
