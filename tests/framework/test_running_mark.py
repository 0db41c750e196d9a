"""`kedro_nas.framework.running_mark`: who runs, as the workspace tells."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kedro_nas.framework.running_mark import (
    QUIET_S,
    NotedProcess,
    RunningMark,
    mark_running,
    unmark_running,
)
from kedro_nas.process_identity import ProcessIdentity

HERE = ProcessIdentity.current()


def test_mark_running_is_read_until_its_process_removes_it(tmp_path: Path) -> None:
    """A stage is noted while it runs, and not afterwards."""
    mark_running(tmp_path, "ranking")
    noted = RunningMark.read(tmp_path)
    unmark_running(tmp_path)

    assert noted == RunningMark("ranking", NotedProcess(HERE.host, HERE))
    assert noted.process.is_alive(tmp_path)
    assert RunningMark.read(tmp_path) is None


def test_unmark_running_leaves_the_note_of_another_process(tmp_path: Path) -> None:
    """A run that ends says nothing about the one that goes on beside it."""
    other = {"pid": os.getppid(), "host": platform.node(), "stage": "search"}
    (tmp_path / "running.json").write_text(json.dumps(other))

    unmark_running(tmp_path)

    assert json.loads((tmp_path / "running.json").read_text()) == other


@pytest.mark.parametrize("text", ["", "[1]", "null", '{"pid": 1}', '{"stage": '])
def test_running_mark_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    """A note that a kill has left incomplete does not end the command."""
    (tmp_path / "running.json").write_text(text)

    assert RunningMark.read(tmp_path) is None


def test_noted_process_is_not_deceived_by_a_reused_pid(tmp_path: Path) -> None:
    """A process that was given the pid of a killed run is not that run."""
    killed = replace(HERE, process_start="of an earlier process")

    assert NotedProcess(HERE.host, HERE).is_alive(tmp_path)
    assert not NotedProcess(HERE.host, killed).is_alive(tmp_path)
    assert not NotedProcess(None, None).is_alive(tmp_path)


@pytest.mark.parametrize(("quiet_s", "is_running"), [(1.0, True), (900.0, False)])
def test_noted_process_elsewhere_lives_while_it_writes(
    tmp_path: Path, quiet_s: float, *, is_running: bool
) -> None:
    """On a shared disk a process id says nothing: what is being written lives."""
    (tmp_path / "ledger.jsonl").write_text("")
    then = time.time() - quiet_s
    os.utime(tmp_path / "ledger.jsonl", (then, then))
    os.utime(tmp_path, (then, then))
    noted = NotedProcess("elsewhere", replace(HERE, host="elsewhere"))
    remote = noted.elsewhere(tmp_path)

    assert remote is not None
    assert remote.host == "elsewhere"
    assert (remote.quiet_s < QUIET_S) is is_running
    assert noted.is_alive(tmp_path) is is_running
    assert NotedProcess(HERE.host, HERE).elsewhere(tmp_path) is None
