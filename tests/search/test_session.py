"""A session goes on with what its search was begun with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.search.plans import SPEED

from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.search import session
from kedro_nas.search.baseline import make_baseline
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import SessionBegun, TrialEnded, TrialsPlanned
from kedro_nas.search.session import SearchSession
from kedro_nas.search.step_speed import MeasuredSpace
from kedro_nas.search.trial import Trial
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.execution import PLAIN

MakeSession = Callable[..., tuple[SearchSession, Ledger]]
VERDICT = Verdict(n_train=20, n_folds=2, n_repeats=1)


@pytest.fixture
def make_session(
    store_folder: Path,
    small_space: SearchSpace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MakeSession:
    """Make a session in one folder, on a machine of known speed."""

    def measure(*_: Any, wants_speed: bool, **__: Any) -> MeasuredSpace:
        return MeasuredSpace(small_space, PLAIN, SPEED if wants_speed else None)

    monkeypatch.setattr(session, "measure_once", measure)

    def make(
        job_s: float | None, *, ago_s: float = 0.0, **options: Any
    ) -> tuple[SearchSession, Ledger]:
        store = ImageStore.open(store_folder)
        began = time.monotonic() - ago_s
        ledger = Ledger(tmp_path / "search" / "ledger.jsonl", began=began)
        made = SearchSession(
            store,
            small_space,
            VERDICT,
            tmp_path / "search",
            ledger,
            SearchOptions(progress="off", **options),
            JobOptions(workers=2),
            baseline=make_baseline("auto", store),
            budget_s=job_s,
            spent_s=10.0,
            seed=0,
        )
        return made, ledger

    return make


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch, scripted_pool: Callable[..., Any]) -> Any:
    """Let sessions train on a pool that follows a script."""
    made = scripted_pool(2)

    @contextmanager
    def lease(*_: Any) -> Any:
        yield made

    monkeypatch.setattr(session, "lease_pool", lease)
    return made


def test_session_divides_the_seconds_of_the_job(make_session: MakeSession) -> None:
    """Those that the stages before it spent are gone."""
    made, _ = make_session(300.0)

    assert (made.plan.kind, made.plan.finish_s) == ("race", SPEED.finish_s)
    assert made.plan.search_s == pytest.approx(
        0.15 * (290 - SPEED.import_s - SPEED.finish_s)
    )


@pytest.mark.parametrize(
    ("begun_s", "kind"), [(300.0, "race"), (5_000.0, "search"), (20_000.0, "search")]
)
@pytest.mark.parametrize("budget_s", [60.0, 90_000.0])
def test_session_of_another_budget_keeps_what_was_begun(
    make_session: MakeSession, begun_s: float, kind: str, budget_s: float
) -> None:
    """Kind, networks and epochs stay, raised or lowered; only the seconds follow."""
    first, _ = make_session(begun_s)
    again, ledger = make_session(budget_s)

    assert first.plan.kind == again.plan.kind == kind
    assert (again.proven, again.top_epochs) == (first.proven, first.top_epochs)
    assert len(ledger.of(TrialsPlanned)) == 1
    assert again.plan.search_s != first.plan.search_s


def test_session_of_a_race_in_another_budget_replays_its_trials(
    make_session: MakeSession, pool: Any
) -> None:
    """Trained networks are known again, and none is trained twice."""
    first, _ = make_session(300.0)
    first.run()
    trained = [task.task_id for task in pool.submitted]
    again, ledger = make_session(900.0)

    assert again.run() == "schedule"
    assert [task.task_id for task in pool.submitted] == trained
    assert {line.status for line in ledger.of(TrialEnded)} == {"completed"}
    assert {task.epochs for task in pool.submitted} == {first.top_epochs}
    assert {task.schedule_epochs for task in pool.submitted} == {first.top_epochs}


def test_session_of_a_race_trains_its_first_network_after_its_seconds(
    make_session: MakeSession, pool: Any
) -> None:
    """Killed before that and run again too late, it still has something to give."""
    first, _ = make_session(60.0, ago_s=500.0)
    ended = first.run()
    again, ledger = make_session(60.0)

    assert (ended, again.run()) == ("budget", "budget")
    assert len(pool.submitted) == 1
    assert pool.granted == [None]
    assert len(ledger.of(SessionBegun)) == 1  # the second had nothing to do


def test_session_of_a_search_after_its_seconds_trains_nothing_more(
    make_session: MakeSession, pool: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It needs one network to give to the ranking, and no other.

    Of its 20 workers, 12 would always wait for outcomes: that is said.
    """
    pool.size = 20
    first, _ = make_session(20_000.0, ago_s=19_000.0)
    with caplog.at_level(logging.WARNING):
        ended = first.run()
    assert "Of 20 workers at most 8 train at a time" in caplog.text
    again, ledger = make_session(20_000.0, ago_s=19_000.0)

    assert (ended, again.run()) == ("budget", "budget")
    assert len(pool.submitted) == 1
    assert len(ledger.of(SessionBegun)) == 1


@pytest.mark.parametrize(
    ("job_s", "options", "is_timed"),
    [
        (300.0, {}, True),
        (None, {"budget_s": 60.0}, True),
        (None, {"max_trials": 3}, False),
        (None, {"max_trials": 3, "plan": "race"}, True),
    ],
)
def test_session_times_candidate_0_where_seconds_or_a_race_depend_on_it(
    make_session: MakeSession,
    job_s: float | None,
    options: dict[str, Any],
    is_timed: bool,
) -> None:
    """Without either nothing is timed, and Hyperband is bounded by its counts."""
    made, _ = make_session(job_s, **options)

    raced = options.get("plan") == "race"
    assert (made.plan.kind == "race") == (raced or job_s is not None)
    assert (made.plan.full_epochs == SPEED.full_epochs) == is_timed


@pytest.mark.parametrize(
    ("words", "is_first", "expected"),
    [("light", True, True), ("light", False, False), ("light+flip", True, False)],
)
def test_session_measures_flips_on_its_first_network_trained_without(
    make_session: MakeSession,
    small_space: SearchSpace,
    words: str,
    is_first: bool,
    expected: bool,
) -> None:
    """A network that has seen mirrored images tells nothing about them."""
    made, _ = make_session(300.0)
    network = small_space.anchors[0].with_recipe(augmentation=words)
    trial = Trial("i0-b0-r0-n000", "0", network, None, 4, is_first=is_first)

    assert made._task(trial, 0, 4).measures_flips is expected
