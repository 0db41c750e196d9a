"""`kedro_nas.framework.progress`: how far a search is."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from kedro_nas.framework.progress import _is_running, summarize_events
from kedro_nas.space.architecture import Architecture, Stage, Stem

NETWORK = Architecture(
    input_shape=(8, 8, 1),
    n_classes=2,
    stem=Stem(width=8, kernel_size=3, stride=1),
    stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=2),),
)


def _created(trial: str, rung: int) -> dict[str, Any]:
    return {
        "event": "created",
        "t": 1.0,
        "trial": trial,
        "architecture": NETWORK.to_dict(),
        "bracket": 1,
        "rung": rung,
    }


def _ended(trial: str, score: float | None, reason: str = "") -> dict[str, Any]:
    status = "failed" if reason else "completed"
    return {
        "event": "ended",
        "t": 9.0,
        "trial": trial,
        "status": status,
        "score": score,
        "reason": reason,
    }


EVENTS = [
    {"event": "begun", "t": 0.0},
    {"event": "session", "t": 0.0, "pid": os.getpid()},
    _created("a", 0),
    _created("b", 0),
    _ended("a", 0.5),
    _created("c", 1),
    _ended("b", None, "out of memory"),
]


def test_summarize_events_of_a_running_search_counts_each_trial_once() -> None:
    """Completed, failed and running add up to what was created."""
    found = summarize_events(EVENTS, 60.0)

    assert found["trials"] == {"completed": 1, "failed": 1, "running": 1}
    assert (found["bracket"], found["rung"]) == (1, 1)
    assert found["best"]["network"] == NETWORK.describe()
    assert found["left_s"] == 51.0
    assert found["failures"] == ["out of memory"]


def test_summarize_events_of_an_ended_search_has_none_running() -> None:
    """A trial cut off by the budget is not under way for ever."""
    end = {"event": "session_end", "t": 60.0, "ended_by": "budget"}
    found = summarize_events([*EVENTS, end], 60.0)

    assert found["trials"]["running"] == 0
    assert found["ended_by"] == "budget"
    assert found["left_s"] == 0.0


def test_summarize_events_of_the_first_line_has_no_best() -> None:
    """Asked in the first second, it answers as well."""
    found = summarize_events(EVENTS[:1], None)

    assert found["best"] is None
    assert found["left_s"] is None
    assert found["rung"] is None


@pytest.mark.parametrize("ended", [True, False])
def test_is_running_needs_a_living_process(ended: bool) -> None:
    """After a kill the ledger has no last line; the process is asked for."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    events = [{"event": "session", "t": 0.0, "pid": process.pid}]
    if ended:
        process.kill()
    else:
        assert _is_running(events)
    process.communicate(b"\n")

    assert not _is_running(events)
    assert not _is_running([])
