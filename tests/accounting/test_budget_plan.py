"""How the seconds of a job are divided, once the machine is measured."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.finalists import build_finalist

from kedro_nas.accounting.budget_plan import (
    FULL_STEPS,
    SHARES,
    MachineSpeed,
    divide_budget,
    estimate_epoch_s,
    full_epochs,
)
from kedro_nas.records.budget import BudgetPlan

SPEED = MachineSpeed(start_s=4, epoch_s=4, steps_per_epoch=250, workers=2)
speeds = st.builds(
    MachineSpeed,
    start_s=st.floats(0, 30),
    epoch_s=st.floats(1e-3, 1e3),
    steps_per_epoch=st.integers(1, 10_000),
    workers=st.integers(1, 64),
)


def _divide(budget_s: float | None, spent_s: float = 0.0, **changes: Any) -> BudgetPlan:
    options = {"speed": SPEED, "search_s": "auto", **changes}
    return divide_budget(budget_s, spent_s, options.pop("speed"), **options)


@given(steps=st.integers(1, 100_000))
def test_full_epochs_make_so_many_steps_within_their_limits(steps: int) -> None:
    """No fewer steps than wanted, unless they would take more than 150 epochs."""
    epochs = full_epochs(steps)

    assert 15 <= epochs <= 150
    assert epochs * steps >= FULL_STEPS or epochs == 150
    assert (epochs - 1) * steps < FULL_STEPS or epochs == 15


def test_full_training_is_shared_by_all_workers() -> None:
    """30 epochs of 4 s take a minute on two workers."""
    assert SPEED.full_epochs == 30
    assert SPEED.full_training_s == 60.0
    assert (SPEED.import_s, SPEED.finish_s) == (6.0, 26.0)


@pytest.mark.parametrize(
    ("trainings", "kind", "search", "ranking"),
    [
        (9.9, "race", 0.15, 0.0),
        (39.9, "race", 0.15, 0.0),
        (40.1, "search", 0.32, 0.06),
        (149.9, "search", 0.32, 0.06),
        (150.1, "search", 0.42, 0.42),
        (1000, "search", 0.42, 0.42),
    ],
)
def test_budget_is_divided_by_the_full_trainings_it_affords(
    trainings: float, kind: str, search: float, ranking: float
) -> None:
    """Short jobs race proven networks; only long ones afford a cross-validation."""
    seconds = trainings * SPEED.full_training_s
    plan = _divide(seconds + SPEED.import_s + SPEED.finish_s + 25, 25)

    assert plan.full_trainings == pytest.approx(trainings)
    assert plan.kind == kind
    assert plan.search_s == pytest.approx(search * seconds)
    assert plan.ranking_s == pytest.approx(ranking * seconds)
    assert plan.final_s == pytest.approx((1 - search - ranking) * seconds)
    assert plan.full_epochs == 30


@given(
    budget_s=st.floats(1, 1e6),
    spent_s=st.floats(0, 1e5),
    speed=speeds,
    search_s=st.one_of(st.just("auto"), st.none(), st.floats(0.1, 1e6)),
    kind=st.sampled_from(["auto", "race", "search"]),
)
def test_division_adds_up_to_what_is_left_and_no_part_is_negative(
    budget_s: float, spent_s: float, speed: MachineSpeed, search_s: Any, kind: Any
) -> None:
    """Whatever was spent and wanted, the stages together have the rest, at least 1."""
    plan = _divide(budget_s, spent_s, speed=speed, search_s=search_s, kind=kind)
    parts = (plan.search_s, plan.ranking_s, plan.final_s)
    left_s = max(1.0, budget_s - spent_s - speed.import_s - speed.finish_s)

    assert all(part is not None and part >= -1e-6 for part in parts)
    assert sum(part or 0.0 for part in parts) == pytest.approx(left_s)
    assert plan.finish_s == speed.finish_s
    assert kind in ("auto", plan.kind)


@given(first=st.floats(30, 1e5), more=st.floats(0, 1e5), speed=speeds)
def test_a_larger_budget_gives_no_stage_less_of_the_training(
    first: float, more: float, speed: MachineSpeed
) -> None:
    """Search and final training grow with the budget, within a row of the table."""
    one, other = (_divide(budget, speed=speed) for budget in (first, first + more))
    rows = [
        next(row for row in SHARES if (plan.full_trainings or 0) < row.below)
        for plan in (one, other)
    ]

    assert (one.search_s or 0) <= (other.search_s or 0) + 1e-6
    if rows[0] == rows[1]:
        assert (one.final_s or 0) <= (other.final_s or 0) + 1e-6


def test_seconds_of_the_search_that_were_given_replace_its_share() -> None:
    """The rest goes to the final training; more than there is cannot be had."""
    plan = _divide(300, search_s=100.0)
    whole = _divide(300, search_s=5000.0)

    assert (plan.search_s, plan.final_s) == (100.0, 300 - 32 - 100)
    assert (whole.search_s, whole.ranking_s, whole.final_s) == (268.0, 0.0, 0.0)


@pytest.mark.parametrize("search_s", ["auto", 60.0])
def test_budget_shorter_than_the_finish_leaves_a_second_to_divide(
    search_s: Any,
) -> None:
    """Of ten seconds, when import and finish take 32: no stage has more than one."""
    plan = _divide(10, search_s=search_s)

    assert (plan.kind, plan.ranking_s) == ("race", 0.0)
    assert (plan.search_s or 0) + (plan.final_s or 0) == pytest.approx(1.0)
    assert plan.search_s == pytest.approx(0.15 if search_s == "auto" else 1.0)


def test_plan_that_was_given_is_kept_and_said() -> None:
    """A user may search where a race would be advised, with the shares of the row."""
    plan = _divide(300, kind="search")

    assert (plan.kind, plan.search_s) == ("search", pytest.approx(0.15 * 268))
    assert plan.reasons[0].endswith("given or begun before, is a search.")


def test_reason_tells_what_the_budget_affords() -> None:
    """What decided is in one sentence, with the numbers of this machine."""
    (said,) = _divide(300).reasons

    assert said == (
        "The budget affords 4.5 full trainings of candidate 0 (30 epochs, 60 s on 2 "
        "workers): a race between proven networks, and the rest for the final training."
    )


@pytest.mark.parametrize("speed", [SPEED, None])
def test_without_a_budget_nothing_is_limited_but_what_was_given(
    speed: MachineSpeed | None,
) -> None:
    """Bounded by counts, or by the seconds of the search alone."""
    counted = _divide(None, speed=speed)
    bounded = _divide(None, speed=speed, search_s=60.0, kind="race")

    assert (counted.search_s, counted.ranking_s, counted.final_s) == (None,) * 3
    assert counted.full_trainings is None
    assert (counted.kind, bounded.kind, bounded.search_s) == ("search", "race", 60.0)
    assert counted.full_epochs == (30 if speed else 15)


def test_estimate_epoch_of_an_unmeasured_network_is_scaled_by_macs() -> None:
    """A baseline the search did not train is foretold from those it did."""
    known = build_finalist("a", seconds_per_epoch=8.0, macs=100)
    slow = build_finalist("b", seconds_per_epoch=90.0, macs=100)
    unknown = build_finalist("c", macs=250)

    assert estimate_epoch_s(unknown, [slow, known]) == 20.0
    assert estimate_epoch_s(known, []) == 8.0
    assert estimate_epoch_s(unknown, [unknown]) == 0.0
