"""`kedro_nas.framework.run_status`: how far a search is."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DataCatalog
from kedro.io.core import Version
from tests.ledgers import NETWORK

from kedro_nas.datasets import ReportDataset, WorkspaceDataset
from kedro_nas.files import append_json_line
from kedro_nas.framework.project import Search
from kedro_nas.framework.run_status import (
    BestTrial,
    RunStatus,
    TrialCounts,
    read_status,
    summarize_ledger,
)
from kedro_nas.framework.running_mark import QUIET_S, mark_running, unmark_running
from kedro_nas.process_identity import ProcessIdentity, _start_of
from kedro_nas.search.ledger_lines import (
    LedgerLine,
    SearchBegun,
    SearchIdentity,
    SessionBegun,
    SessionEnded,
    TrialCreated,
    TrialEnded,
)
from kedro_nas.stages import STAGES


def _created(trial: str, rung: int) -> TrialCreated:
    return TrialCreated(
        t=1.0,
        trial=trial,
        key=NETWORK.key,
        architecture=NETWORK,
        iteration=0,
        bracket=1,
        rung=rung,
        epoch_start=0,
        epochs=1,
    )


def _ended(trial: str, score: float | None, reason: str = "") -> TrialEnded:
    status = "failed" if reason else "completed"
    return TrialEnded(t=9.0, trial=trial, status=status, score=score, reason=reason)


BEGUN = SearchBegun(belongs=SearchIdentity({}), seed=0)
SESSION = SessionBegun(**asdict(ProcessIdentity.current()), budget_s=60.0)
LINES = [
    BEGUN,
    SESSION,
    _created("a", 0),
    _created("b", 0),
    _ended("a", 0.5),
    _created("c", 1),
    _ended("b", None, "out of memory"),
]


def _write(workspace: Path, *lines: LedgerLine) -> None:
    for line in lines:
        ledger = workspace / "search" / "ledger.jsonl"
        append_json_line(ledger, line.model_dump(mode="json"))


def test_summarize_ledger_of_a_running_search_counts_each_trial_once() -> None:
    """Completed, failed and running add up to what was created."""
    found = summarize_ledger(LINES)

    assert found.trials == TrialCounts(completed=1, failed=1, running=1, stopped=0)
    assert (found.bracket, found.rung) == (1, 1)
    assert found.best == BestTrial(0.5, NETWORK.describe(), "a")
    assert found.left_s == 51.0
    assert found.failures == ("out of memory",)


def test_summarize_ledger_of_an_ended_search_has_none_running() -> None:
    """A trial stopped by the budget does not count as running."""
    found = summarize_ledger([*LINES, SessionEnded(t=60.0, ended_by="budget")])

    assert found.trials.running == 0
    assert found.trials.stopped == 1
    assert found.ended_by == "budget"
    assert (found.budget_s, found.left_s) == (60.0, None)  # it takes no more


def test_summarize_ledger_of_the_first_line_has_no_best() -> None:
    """Asked in the first second, it answers as well."""
    found = summarize_ledger([BEGUN])

    assert found.best is None
    assert (found.budget_s, found.left_s) == (None, None)
    assert found.rung is None


@pytest.fixture
def status(tmp_path: Path) -> Callable[[], RunStatus]:
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

    def read() -> RunStatus:
        return read_status(Search("nas", context, catalog))

    read.catalog = catalog  # type: ignore[attr-defined]
    return read


def test_read_status_names_the_stage_a_living_process_is_in(
    status: Callable[[], RunStatus], tmp_path: Path
) -> None:
    """Ranking and export take minutes as well; a stage run again is not done."""
    mark_running(tmp_path / "workspace", "data_preparation")
    again = status()
    unmark_running(tmp_path / "workspace")
    after = status()

    assert (again.running, again.stage) == (True, "data_preparation")
    assert (after.running, after.stage) == (False, "search_space")


def test_read_status_after_a_kill_is_not_running(
    status: Callable[[], RunStatus], tmp_path: Path
) -> None:
    """A killed process cannot take its word back; that it lives no more is enough."""
    subprocess.run(
        [
            *(sys.executable, "-c"),
            (
                "import sys; from pathlib import Path;"
                "from kedro_nas.framework.running_mark import mark_running;"
                "mark_running(Path(sys.argv[1]), 'ranking')"
            ),
            str(tmp_path / "workspace"),
        ],
        check=True,
    )
    found = status()

    assert (tmp_path / "workspace" / "running.json").exists()
    assert found.running is False


def test_read_status_on_another_machine_looks_at_the_files(
    status: Callable[[], RunStatus], tmp_path: Path
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

    assert (writing.running, left.running) == (True, False)
    assert writing.elsewhere is not None
    assert left.elsewhere is not None
    assert writing.elsewhere.host == left.elsewhere.host == "elsewhere"
    assert writing.elsewhere.quiet_s < QUIET_S < left.elsewhere.quiet_s


def test_read_status_of_a_killed_search_keeps_what_its_last_session_was_given(
    status: Callable[[], RunStatus], tmp_path: Path
) -> None:
    """A second session with a larger budget has more left than the first."""
    killed = SESSION.model_copy(update={"process_start": "of an earlier process"})
    again = killed.model_copy(update={"t": 9.0, "budget_s": 90.0})
    _write(tmp_path / "workspace", killed, *LINES[2:], again)
    found = status()

    assert not found.running
    assert found.search is not None
    assert (found.search.budget_s, found.search.left_s) == (90.0, 81.0)


def test_read_status_reads_remote_and_versioned_outputs(
    status: Callable[[], RunStatus], tmp_path: Path
) -> None:
    """A versioned folder without a version is not written; a remote file is."""
    catalog = status.catalog  # type: ignore[attr-defined]
    versioned = str(tmp_path / "versioned.html")
    (tmp_path / "versioned.html").mkdir()
    catalog["nas.search_space"] = ReportDataset(
        filepath=versioned, version=Version(None, None)
    )
    catalog["nas.finalists"] = ReportDataset(filepath="memory://status/finalists")
    before = status().stages
    catalog["nas.search_space"].save("{}")
    catalog["nas.finalists"].save("{}")
    after = status().stages
    catalog["nas.finalists"]._fs.rm("/finalists")

    assert [before["search_space"], before["search"]] == [False, False]
    assert [after["search_space"], after["search"]] == [True, True]


def test_read_status_of_a_search_shows_the_budget_it_runs_with(
    status: Callable[[], RunStatus], tmp_path: Path
) -> None:
    """A share of `nas.budget_s` is in no file but the ledger of the search."""
    _write(tmp_path / "workspace", *LINES)
    found = status()

    assert found.stage == "search_space"
    assert found.running is True
    assert found.search is not None
    assert found.search.budget_s == 60.0
    assert found.search.left_s == 51.0


def test_read_status_needs_a_living_process(
    status: Callable[[], RunStatus], tmp_path: Path
) -> None:
    """After a kill the ledger has no last line; the process is asked for."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = _start_of(process.pid) or ""
    identity = ProcessIdentity(process.pid, platform.node(), start)
    _write(tmp_path / "workspace", SessionBegun(**asdict(identity)))
    before = status().running
    process.communicate(b"\n")
    after = status().running

    assert (before, after) == (True, False)


def test_status_as_json_is_plain(
    status: Callable[[], RunStatus], tmp_path: Path
) -> None:
    """A script reads the same names on every version."""
    _write(tmp_path / "workspace", *LINES)
    value: Any = status().to_json()

    assert json.loads(json.dumps(value))["search"]["failures"] == ["out of memory"]
    assert list(value) == [
        *("namespace", "stage", "running", "elsewhere", "stages", "search")
    ]
    assert value["search"]["trials"]["completed"] == 1
    assert value["search"]["best"]["trial"] == "a"
