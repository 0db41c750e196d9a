"""The division of a budget in the report."""

from __future__ import annotations

from kedro_nas.records.budget import BudgetPlan, JobBudget
from kedro_nas.records.job import JobResults
from kedro_nas.report.budget_use import budget_rows

PLAN = BudgetPlan(search_s=40, ranking_s=0, final_s=230, import_s=6, finish_s=16)


def test_budget_rows_sum_to_what_was_taken(results: JobResults) -> None:
    """Each stage is beside its share, and the last row is the whole job."""
    budget = JobBudget(budget_s=300, plan=PLAN).after("data_preparation", 10)
    budget = budget.after("search", 41).after("ranking", 1)
    rows = budget_rows(budget, results.test_metrics)

    assert [row.planned_s for row in rows] == [None, 6, 40, 0, 230, 16, 300]
    assert rows[-1].taken_s == sum(row.taken_s or 0 for row in rows[:-1])
    assert (rows[1].taken_s, rows[2].taken_s) == (None, 41)


def test_budget_rows_of_a_job_without_a_budget_are_none(results: JobResults) -> None:
    """A search that ends by counts has no shares to show."""
    assert budget_rows(JobBudget(), results.test_metrics) == []
