"""A job's seconds travel from stage to stage, and none is counted twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.records.budget import BudgetPlan, JobBudget

seconds = st.floats(0, 1e6)


@given(
    budget_s=st.floats(1, 1e6),
    spent=st.lists(st.tuples(st.sampled_from("abcd"), seconds), max_size=8),
    import_s=st.floats(0, 100),
    finish_s=st.floats(0, 100),
)
def test_left_is_the_budget_less_what_was_spent_and_is_kept_free(
    budget_s: float, spent: list[tuple[str, float]], import_s: float, finish_s: float
) -> None:
    """A stage that is run again counts once; less than nothing is never left."""
    plan = BudgetPlan(import_s=import_s, finish_s=finish_s)
    budget = JobBudget(budget_s=budget_s, plan=plan)
    for stage, took in spent:
        budget = budget.after(stage, took)

    expected = budget_s - sum(dict(spent).values()) - import_s - finish_s
    assert budget.left_s == pytest.approx(max(0.0, expected), abs=1e-6)
    assert budget.spent_s == dict(spent)


def test_left_without_a_budget_is_no_limit() -> None:
    """Seconds are noted all the same, for the report."""
    budget = JobBudget().after("search", 30.0)

    assert budget.left_s is None
    assert budget.spent_s == {"search": 30.0}


def test_after_leaves_the_budget_of_the_stage_before_as_it_was() -> None:
    """Records are frozen: the search's file does not learn of the ranking."""
    before = JobBudget(budget_s=100.0).after("search", 30.0)
    before.after("ranking", 20.0)

    assert before.spent_s == {"search": 30.0}


def test_budget_read_from_its_own_json_is_equal() -> None:
    """Plan and sentences included."""
    plan = BudgetPlan(kind="race", search_s=40.5, final_s=229.5, reasons=("why",))
    budget = JobBudget(budget_s=300.0, plan=plan).after("search", 41.0)

    assert JobBudget.model_validate_json(budget.model_dump_json()) == budget
