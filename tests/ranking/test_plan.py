"""What a budget affords of cross-validation."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.finalists import build_finalist

from kedro_nas.ranking.plan import CrossValidationPlan, plan_cross_validation
from kedro_nas.records.search import Finalist


def _contestants(n: int) -> list[Finalist]:
    found = [build_finalist(f"{i}", seconds_per_epoch=8.0, macs=100) for i in range(n)]
    return [*found, build_finalist("base", macs=200, is_baseline=True)]


def _plan(budget_s: float | None, **changes: Any) -> CrossValidationPlan:
    wanted = {"n_folds": 5, "n_repeats": 1, "epochs": 9, "workers": 2, "size_ratio": 1}
    wanted |= {"least_epochs": 1}
    return plan_cross_validation(
        _contestants(3), budget_s=budget_s, **{**wanted, **changes}
    )


def test_plan_without_budget_keeps_everything() -> None:
    """No limit, nothing cut, and the time is still foretold."""
    plan = _plan(None)

    assert (plan.n_finalists, plan.n_folds, plan.epochs) == (3, 5, 9)
    assert plan.expected_s == 10 + (3 * 8 + 16) * 9 * 5 / 2
    assert plan.reasons == ()


def test_plan_tight_budget_gives_up_finalists_before_folds() -> None:
    """Fewer networks on all folds, rather than all networks on fewer."""
    plan = _plan(750)

    assert plan.n_finalists == 2
    assert plan.n_folds == 5
    assert plan.reasons == ("2 finalists instead of 3, to keep within 750 s",)


def test_plan_demo_budget_keeps_two_finalists_and_three_folds() -> None:
    """A hundred seconds still compare two networks and the baseline on three folds."""
    plan = _plan(110)

    assert (plan.n_finalists, plan.n_folds, plan.epochs) == (2, 3, 2)
    assert len(plan.reasons) == 3


def test_plan_tiny_budget_cuts_everything_and_says_each_cut() -> None:
    """When nothing else is left one finalist and two folds remain."""
    plan = _plan(40)

    assert (plan.n_finalists, plan.n_folds, plan.epochs) == (1, 2, 1)


def test_plan_never_cuts_below_the_least_epochs_and_is_then_not_affordable() -> None:
    """Folds of a few epochs would rank other networks than the final training."""
    whole, cut, short = (
        _plan(budget_s, epochs=9, least_epochs=6) for budget_s in (1e6, 250, 40)
    )

    assert (whole.epochs, whole.is_affordable) == (9, True)
    assert (cut.epochs, cut.n_folds, cut.is_affordable) == (6, 2, True)
    assert (short.epochs, short.is_affordable) == (6, False)
    assert (short.n_finalists, short.n_folds) == (1, 2)


@given(budget=st.floats(11, 5000), repeats=st.integers(1, 3), workers=st.integers(1, 8))
def test_plan_any_budget_is_kept_unless_nothing_is_left_to_cut(
    budget: float, repeats: int, workers: int
) -> None:
    """The expected time is within the budget, or the plan is already minimal."""
    plan = _plan(budget, n_repeats=repeats, workers=workers)

    minimal = (plan.n_finalists, plan.n_folds, plan.n_repeats, plan.epochs) == (
        (1, 2, 1, 1)
    )
    assert plan.expected_s <= budget or minimal
    assert plan.is_affordable == (plan.expected_s <= budget)
