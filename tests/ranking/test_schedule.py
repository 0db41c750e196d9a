"""How much a ranking may take, decided by its first session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.finalists import build_finalist

from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.schedule import Schedule, keep_schedule, make_schedule
from kedro_nas.records.budget import BudgetPlan, JobBudget
from kedro_nas.records.profile import Verdict

VERDICT = Verdict(n_train=9, n_folds=3, n_repeats=1)
CONTESTANTS = (
    build_finalist("a", seconds_per_epoch=2.0),
    build_finalist("b", seconds_per_epoch=1.0),
    build_finalist("base", is_baseline=True),
)


def _schedule(
    store: ImageStore,
    budget: JobBudget | None = None,
    *,
    workers: int = 2,
    **options: Any,
) -> Schedule:
    return make_schedule(
        store,
        CONTESTANTS,
        VERDICT,
        RankingOptions(**options),
        ExportOptions(),
        budget or JobBudget(),
        full_epochs=6,
        workers=workers,
    )


def _budget(**plan: Any) -> JobBudget:
    made = BudgetPlan(finish_s=20, **plan)
    return JobBudget(budget_s=600, plan=made).after("search", 180)


def test_schedule_without_limit_trains_half_of_the_final_epochs(
    store: ImageStore,
) -> None:
    """Twice the full epochs are trained in the end, half of them in each fold."""
    made = _schedule(store, budget_s=None)

    assert made.limit_s is None
    assert made.plan is not None
    assert (made.plan.n_folds, made.plan.n_repeats, made.plan.epochs) == (3, 1, 6)


def test_schedule_epochs_are_half_of_what_the_final_seconds_afford(
    store: ImageStore,
) -> None:
    """200 s on two workers are 170 epochs of the slowest contestant, of 2 s each."""
    made = _schedule(store, _budget(ranking_s=1e5, final_s=200.0), budget_s=1e5)

    assert made.plan is not None
    assert made.plan.epochs == 85


def test_schedule_epochs_that_were_given_are_kept(store: ImageStore) -> None:
    """`epochs` says how long folds are, whatever the final training takes."""
    made = _schedule(store, _budget(ranking_s=390, final_s=200.0), epochs=5)

    assert made.plan is not None
    assert made.plan.epochs == 5


@pytest.mark.parametrize(
    ("option", "ranking_s", "expected"),
    [
        ("auto", 150.0, 150.0),
        ("auto", 900.0, 400.0),
        (99.0, 150.0, 99.0),
        (900.0, 150.0, 400.0),
        (None, 150.0, 400.0),
    ],
)
def test_schedule_limit_is_its_share_and_never_more_than_is_left(
    store: ImageStore, option: Any, ranking_s: float, expected: float
) -> None:
    """600 s less 180 of the search and 20 for the finish leave 400."""
    made = _schedule(store, _budget(ranking_s=ranking_s, final_s=1.0), budget_s=option)

    assert made.limit_s == expected


def test_schedule_without_a_share_has_no_folds_and_says_why(store: ImageStore) -> None:
    """Where the budget affords few full trainings they go to the final one."""
    made = _schedule(store, _budget(ranking_s=0.0, final_s=300.0))

    assert made.plan is None
    assert made.limit_s == 24  # for a baseline that the race has not trained
    assert "too few full trainings" in made.reason


def test_schedule_of_folds_that_do_not_fit_has_none_and_says_their_seconds(
    store: ImageStore,
) -> None:
    """Two folds of half the final epochs are the least that says something."""
    made = _schedule(store, _budget(ranking_s=30.0, final_s=200.0))

    assert made.plan is None
    assert "two folds of 85 epochs" in made.reason
    assert "instead of 30.0 s" in made.reason


@pytest.mark.parametrize("has_plan", [True, False])
def test_keep_schedule_follows_what_the_first_session_decided(
    store: ImageStore, tmp_path: Path, *, has_plan: bool
) -> None:
    """Written once and read again, reasons included, whatever a new one would be."""
    budget = _budget(ranking_s=400.0 if has_plan else 0.0, final_s=60.0)
    first = _schedule(store, budget)
    path = tmp_path / "ranking" / "schedule.json"

    def unwanted() -> Schedule:
        raise AssertionError("decided twice")

    assert keep_schedule(path, lambda: first) == first
    assert keep_schedule(path, unwanted) == first
    assert (first.plan is not None) is has_plan
