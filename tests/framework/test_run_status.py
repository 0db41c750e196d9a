"""`kedro_nas.framework.run_status`: how far a search is."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DataCatalog
from kedro.io.core import Version

from kedro_nas.datasets import ReportDataset, WorkspaceDataset
from kedro_nas.files import append_json_line
from kedro_nas.framework.project import Search
from kedro_nas.framework.run_status import (
    QUIET_S,
    _is_running,
    mark_running,
    read_status,
    summarize_events,
    unmark_running,
)
from kedro_nas.process_identity import ProcessIdentity, _start_of
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.stages import STAGES

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
    {
        "event": "session",
        "t": 0.0,
        **asdict(ProcessIdentity.current()),
        "budget_s": 60.0,
    },
    _created("a", 0),
    _created("b", 0),
    _ended("a", 0.5),
    _created("c", 1),
    _ended("b", None, "out of memory"),
]


def test_summarize_events_of_a_running_search_counts_each_trial_once() -> None:
    """Completed, failed and running add up to what was created."""
    found = summarize_events(EVENTS)

    assert found["trials"] == {"completed": 1, "failed": 1, "running": 1, "stopped": 0}
    assert (found["bracket"], found["rung"]) == (1, 1)
    assert found["best"]["network"] == NETWORK.describe()
    assert found["left_s"] == 51.0
    assert found["failures"] == ["out of memory"]


def test_summarize_events_of_an_ended_search_has_none_running() -> None:
    """A trial cut off by the budget is not under way for ever."""
    end = {"event": "session_end", "t": 60.0, "ended_by": "budget"}
    found = summarize_events([*EVENTS, end])

    assert found["trials"]["running"] == 0
    assert found["trials"]["stopped"] == 1
    assert found["ended_by"] == "budget"
    assert (found["budget_s"], found["left_s"]) == (60.0, None)  # it takes no more


def test_summarize_events_of_the_first_line_has_no_best() -> None:
    """Asked in the first second, it answers as well."""
    found = summarize_events(EVENTS[:1])

    assert found["best"] is None
    assert (found["budget_s"], found["left_s"]) == (None, None)
    assert found["rung"] is None


@pytest.mark.parametrize("ended", [True, False])
def test_is_running_needs_a_living_process(ended: bool, tmp_path: Path) -> None:
    """After a kill the ledger has no last line; the process is asked for."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    noted = asdict(_identity_of(process.pid))
    events = [{"event": "session", "t": 0.0, **noted}]
    if ended:
        process.kill()
    else:
        assert _is_running(events, tmp_path)
    process.communicate(b"\n")

    assert not _is_running(events, tmp_path)
    assert not _is_running([], tmp_path)


def test_is_running_is_not_deceived_by_a_reused_pid(tmp_path: Path) -> None:
    """A process that was given the pid of a killed run is not that run."""
    here = ProcessIdentity.current()
    killed = asdict(replace(here, process_start="of an earlier process"))

    assert _is_running([{"event": "session", "t": 0.0, **asdict(here)}], tmp_path)
    assert not _is_running([{"event": "session", "t": 0.0, **killed}], tmp_path)


def _identity_of(pid: int) -> ProcessIdentity:
    return ProcessIdentity(pid, platform.node(), _start_of(pid) or "")


@pytest.fixture
def status(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Give the status of a search whose first stage is done."""
    (tmp_path / "dataset_profile").write_text("{}")
    catalog = DataCatalog(
        {
            f"nas.{name}": ReportDataset(filepath=str(tmp_path / name))
            for name in (stage.last_output for stage in STAGES)
        }
    )
    catalog["nas.workspace"] = WorkspaceDataset(path=str(tmp_path / "workspace"))
    context = SimpleNamespace(config_loader={"parameters": {"nas": {}}}, env=None)

    def read() -> dict[str, Any]:
        return read_status(Search("nas", context, catalog))

    read.catalog = catalog  # type: ignore[attr-defined]
    return read


def test_read_status_names_the_stage_a_living_process_is_in(
    status: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    """Ranking and export take minutes as well; a stage run again is not done."""
    mark_running(tmp_path / "workspace", "data_preparation")
    again = status()
    unmark_running(tmp_path / "workspace")
    after = status()

    assert (again["running"], again["stage"]) == (True, "data_preparation")
    assert (after["running"], after["stage"]) == (False, "search_space")


def test_unmark_running_leaves_the_word_of_another_process(tmp_path: Path) -> None:
    """A run that ends says nothing about the one that goes on beside it."""
    other = {"pid": os.getppid(), "host": platform.node(), "stage": "search"}
    (tmp_path / "running.json").write_text(json.dumps(other))

    unmark_running(tmp_path)

    assert json.loads((tmp_path / "running.json").read_text()) == other


def test_read_status_after_a_kill_is_not_running(
    status: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    """A killed process cannot take its word back; that it lives no more is enough."""
    subprocess.run(
        [
            *(sys.executable, "-c"),
            (
                "import sys; from pathlib import Path;"
                "from kedro_nas.framework.run_status import mark_running;"
                "mark_running(Path(sys.argv[1]), 'ranking')"
            ),
            str(tmp_path / "workspace"),
        ],
        check=True,
    )
    found = status()

    assert (tmp_path / "workspace" / "running.json").exists()
    assert found["running"] is False


def test_read_status_on_another_machine_looks_at_the_files(
    status: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    """On a shared disk a process id says nothing: what is being written lives."""
    workspace = tmp_path / "workspace"
    mark = {"pid": os.getpid(), "host": "elsewhere", "stage": "ranking"}
    workspace.mkdir()
    (workspace / "running.json").write_text(json.dumps(mark))
    writing = status()
    unmark_running(workspace)  # not this process's word
    long_ago = time.time() - 2 * QUIET_S
    os.utime(workspace / "running.json", (long_ago, long_ago))
    left = status()

    assert (writing["running"], left["running"]) == (True, False)
    assert writing["elsewhere"]["host"] == left["elsewhere"]["host"] == "elsewhere"
    assert writing["elsewhere"]["quiet_s"] < QUIET_S < left["elsewhere"]["quiet_s"]


def test_read_status_of_a_killed_search_keeps_what_its_last_session_was_given(
    status: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    """A second session with a larger budget has more left than the first."""
    killed = {**EVENTS[1], "pid": os.getpid(), "process_start": ""}
    again = {**killed, "t": 9.0, "budget_s": 90.0}
    for event in [killed, *EVENTS[2:], again]:
        append_json_line(tmp_path / "workspace" / "search" / "ledger.jsonl", event)
    found = status()

    assert not found["running"]
    assert (found["search"]["budget_s"], found["search"]["left_s"]) == (90.0, 81.0)


def test_read_status_reads_remote_and_versioned_outputs(
    status: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    """A versioned folder without a version is not written; a remote file is."""
    catalog = status.catalog  # type: ignore[attr-defined]
    versioned = str(tmp_path / "versioned.html")
    (tmp_path / "versioned.html").mkdir()
    catalog["nas.search_space"] = ReportDataset(
        filepath=versioned, version=Version(None, None)
    )
    catalog["nas.finalists"] = ReportDataset(filepath="memory://status/finalists")
    before = status()["stages"]
    catalog["nas.search_space"].save("{}")
    catalog["nas.finalists"].save("{}")
    after = status()["stages"]
    catalog["nas.finalists"]._fs.rm("/finalists")

    assert [before["search_space"], before["search"]] == [False, False]
    assert [after["search_space"], after["search"]] == [True, True]


def test_read_status_of_a_search_shows_the_budget_it_runs_with(
    status: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    """A share of `nas.budget_s` is in no file but the ledger of the search."""
    for event in EVENTS:
        append_json_line(tmp_path / "workspace" / "search" / "ledger.jsonl", event)

    assert status()["stage"] == "search_space"
    assert status()["running"] is True
    assert status()["search"]["budget_s"] == 60.0
    assert status()["search"]["left_s"] == 51.0
