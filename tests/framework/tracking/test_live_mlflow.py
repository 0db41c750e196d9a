"""`kedro_nas.framework.tracking.live_mlflow`: nested runs while a search runs."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from tests.ledgers import HEAD, SESSION, created, ended, epoch, started

from kedro_nas.framework.tracking.live_mlflow import MlflowTrials
from kedro_nas.framework.tracking.mlflow import ActiveRun
from kedro_nas.framework.tracking.values import trial_run
from kedro_nas.search.ledger_lines import LedgerLine, SessionEnded
from kedro_nas.search.trial_progress import SearchProgressReader

STATE = "kedro_nas.state.nas"
CUT_OFF = [
    *HEAD,
    *(created("a"), started("a"), epoch("a", 1, 0.4), epoch("a", 2, 0.5)),
    ended("a", 0.4, 0.5),
    *(created("b"), started("b", t=9.0), epoch("b", 1, 0.3, t=9.5)),
]
RESUMED = [
    SESSION.model_copy(update={"t": 10.0}),
    *(started("b", t=10.0), epoch("b", 2, 0.6, t=11.0), ended("b", 0.3, 0.6, t=12.0)),
]
END = SessionEnded(t=13.0, ended_by="budget")


class Session:
    """What one process tells MLflow, whose active run is its own."""

    def __init__(self, mlflow: Any, run_id: str = "parent") -> None:
        mlflow.client.runs.setdefault(run_id, mlflow.client._run())
        info = SimpleNamespace(run_id=run_id, experiment_id="7")
        self._trials = MlflowTrials(
            ActiveRun(mlflow, SimpleNamespace(info=info)), "nas"
        )
        self._reader = SearchProgressReader()
        self._has_begun = False

    def read(self, lines: Sequence[LedgerLine]) -> None:
        """Tell of lines, as one look at the ledger does."""
        changed = self._reader.add(lines)
        if not self._has_begun:
            self._trials.begin(self._reader.search_id)
            self._has_begun = True
        for trial in changed:
            self._trials.track(trial, trial_run(trial.row), began=1000.0)
        self._trials.after_look(self._reader.ended_by)


def _trials(mlflow: Any) -> dict[str, dict[str, Any]]:
    """Give the nested runs by the name of their trial, which is met once."""
    found: dict[str, dict[str, Any]] = {}
    for run in mlflow.client.runs.values():
        name = run["tags"].get("kedro_nas.trial")
        if name is not None:
            assert name not in found
            found[name] = run
    return found


def _curve(run: dict[str, Any]) -> list[tuple[int, float]]:
    return [(m.step, m.value) for m in run["metrics"] if m.key == "val_accuracy"]


def test_trial_is_a_nested_run_with_its_choices_while_it_is_trained(
    mlflow: Any,
) -> None:
    """Whoever opens MLflow sees the curve of a network that is not done."""
    Session(mlflow).read(CUT_OFF)
    found = _trials(mlflow)

    assert found["b"]["tags"]["mlflow.parentRunId"] == "parent"
    assert found["b"]["tags"]["status"] == "running"
    assert _curve(found["b"]) == [(1, 0.3)]
    assert "end_time" not in found["b"]
    assert found["b"]["params"]["stage1.block"] == "conv"
    assert found["b"]["params"]["recipe.optimizer"] == "adamw"
    assert not any(metric.key == "score" for metric in found["b"]["metrics"])
    assert mlflow.client.runs["parent"]["tags"][STATE] == "under way"


def test_trial_that_ends_has_score_state_and_times(mlflow: Any) -> None:
    """Its run is closed when the trial ends, at the second it ended."""
    session = Session(mlflow)
    session.read(CUT_OFF)
    session.read(RESUMED)
    session.read([END])
    run = _trials(mlflow)["b"]

    assert (run["status"], run["end_time"]) == ("FINISHED", 1_012_000)
    assert run["start_time"] == 1_009_000
    assert _curve(run) == [(1, 0.3), (2, 0.6)]
    assert {m.key: m.value for m in run["metrics"]}["score"] == 0.6
    assert mlflow.client.runs["parent"]["tags"][STATE] == "ended: budget"


def test_trial_that_fails_is_a_failed_run_with_its_reason(mlflow: Any) -> None:
    """A failure is seen where successes are."""
    lines = [created("a"), started("a"), ended("a", reason="the loss became NaN")]
    Session(mlflow).read([*HEAD, *lines])
    run = _trials(mlflow)["a"]

    assert run["status"] == "FAILED"
    assert run["tags"]["reason"] == "the loss became NaN"


def test_resumed_search_goes_on_with_the_runs_of_its_trials(mlflow: Any) -> None:
    """After a kill nothing is there twice; the killed run is marked and left empty."""
    Session(mlflow, "killed").read(CUT_OFF)
    again = Session(mlflow, "second")
    again.read([*CUT_OFF, *RESUMED[:1]])
    again.read([*RESUMED[1:], END])
    found = _trials(mlflow)
    killed = mlflow.client.runs["killed"]

    assert set(found) == {"a", "b"}
    assert {run["tags"]["mlflow.parentRunId"] for run in found.values()} == {"second"}
    assert _curve(found["a"]) == [(1, 0.4), (2, 0.5)]
    assert _curve(found["b"]) == [(1, 0.3), (2, 0.6)]
    assert found["b"]["tags"]["kedro_nas.starts"] == "2"
    assert found["b"]["status"] == "FINISHED"
    assert killed["status"] == "KILLED"
    assert killed["tags"][STATE] == "cut off"
    assert killed["tags"]["kedro_nas.continued_by"] == "second"
    tags = mlflow.client.runs["second"]["tags"]
    assert tags["kedro_nas.continues"] == "killed"
    assert tags[STATE] == "ended: budget"


def test_search_cut_off_twice_is_found_whole_in_the_third_run(mlflow: Any) -> None:
    """However often it is killed, the newest run has all trials."""
    for run_id in ("one", "two", "three"):
        Session(mlflow, run_id).read(CUT_OFF)
    parents = {run["tags"]["mlflow.parentRunId"] for run in _trials(mlflow).values()}
    states = [mlflow.client.runs[name].get("status") for name in ("one", "two")]

    assert parents == {"three"}
    assert states == ["KILLED", "KILLED"]


def test_longer_search_leaves_ended_trials_with_the_run_that_trained_them(
    mlflow: Any,
) -> None:
    """A second budget does not empty the run that came to the end of the first."""
    Session(mlflow, "short").read([*CUT_OFF, END])
    stopped = _trials(mlflow)["b"]["status"]
    Session(mlflow, "longer").read([*CUT_OFF, END, *RESUMED])
    found = _trials(mlflow)

    assert stopped == "KILLED"
    assert found["a"]["tags"]["mlflow.parentRunId"] == "short"
    assert found["b"]["tags"]["mlflow.parentRunId"] == "longer"
    assert found["b"]["status"] == "FINISHED"
    assert mlflow.client.runs["short"]["tags"][STATE] == "ended: budget"
    assert "status" not in mlflow.client.runs["short"]


def test_search_read_anew_by_the_same_run_logs_nothing_twice(mlflow: Any) -> None:
    """A search whose results are all there costs MLflow no second copy."""
    lines = [*CUT_OFF, *RESUMED, END]
    Session(mlflow).read(lines)
    before = {name: len(run["metrics"]) for name, run in mlflow.client.runs.items()}
    Session(mlflow).read(lines)
    after = {name: len(run["metrics"]) for name, run in mlflow.client.runs.items()}

    assert after == before
