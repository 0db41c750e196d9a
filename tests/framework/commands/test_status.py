"""`kedro nas status`: what a person is told."""

from __future__ import annotations

import importlib
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from kedro_nas.framework.commands.status import _text, status
from kedro_nas.framework.run_status import RunStatus, SearchProgress, TrialCounts
from kedro_nas.framework.running_mark import RemoteRun

command = importlib.import_module(status.callback.__module__)
SEARCH = SearchProgress(
    bracket=1,
    rung=0,
    trials=TrialCounts(completed=2, failed=0, running=2, stopped=0),
    best=None,
    failures=(),
    spent_s=12.0,
    budget_s=None,
    left_s=None,
    ended_by=None,
)
STATUS = RunStatus(
    namespace="nas",
    stage="search",
    running=True,
    elsewhere=None,
    stages={"search": False},
    search=SEARCH,
)


@pytest.mark.parametrize(
    ("running", "said"),
    [(True, "2 under way"), (False, "2 cut off, to go on with")],
)
def test_status_after_a_kill_calls_no_trial_under_way(
    *, running: bool, said: str
) -> None:
    """Trials without an end are under way only while their process lives."""
    text = _text(replace(STATUS, running=running), "kedro run --pipelines team")

    assert said in text
    assert ("`kedro run --pipelines team` goes on" in text) is not running


def test_status_while_the_machine_is_measured_names_no_bracket() -> None:
    """Before its first trial a search has none to count, and no None is printed."""
    trials = TrialCounts(completed=0, failed=0, running=0, stopped=0)
    search = replace(SEARCH, bracket=None, rung=None, trials=trials)

    text = _text(replace(STATUS, search=search), "kedro run --pipelines nas")

    assert "Search: no trial has begun\n" in text
    assert "None" not in text


def test_status_of_a_search_its_budget_ended_promises_nothing_more() -> None:
    """What the budget cut is counted as in `finalists`, and no second is left."""
    trials = TrialCounts(completed=5, failed=1, running=0, stopped=2)
    search = replace(SEARCH, trials=trials, budget_s=240.0, ended_by="budget")
    found = replace(STATUS, stage=None, running=False, stages={}, search=search)

    text = _text(found, "kedro run --pipelines nas")

    assert "5 trials completed, 1 failed, 2 stopped by the budget" in text
    assert "Spent on the search: 12 s of 240 s" in text
    assert "left" not in text


@pytest.mark.parametrize(
    ("running", "quiet_s", "said"),
    [
        (
            True,
            12.0,
            "running on node7, not here (it wrote a file 12 s ago), in search",
        ),
        (False, 900.0, "a run on node7 has written nothing for 900 s"),
    ],
)
def test_status_of_a_run_on_another_machine_names_it(
    *, running: bool, quiet_s: float, said: str
) -> None:
    """Whoever reads that something runs learns where, and what that is based on."""
    other = RemoteRun("node7", quiet_s)
    found = replace(STATUS, running=running, elsewhere=other, search=None)

    assert said in _text(found, "kedro run --pipelines nas")


def test_status_watched_where_nothing_runs_says_what_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever watches too early learns the command, instead of an empty screen."""
    search = SimpleNamespace(run_command=lambda: "kedro run --pipelines team")
    found = replace(STATUS, running=False, search=None)
    monkeypatch.setattr(command, "opened", lambda *_, **__: nullcontext(search))
    monkeypatch.setattr(command, "read_status", lambda _: found)

    done = CliRunner().invoke(
        status, ["--watch"], obj=SimpleNamespace(project_path=".")
    )

    assert done.exit_code == 0
    assert "nas: not begun; `kedro run --pipelines team` begins it" in done.output


def test_status_watched_as_json_is_refused() -> None:
    """A screen is for people; a program calls the command again."""
    done = CliRunner().invoke(status, ["--watch", "--json"])

    assert done.exit_code == 2
    assert "--watch and --json exclude each other" in done.output
