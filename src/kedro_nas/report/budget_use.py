"""How a job's budget was divided, beside what each stage took."""

from __future__ import annotations

from dataclasses import dataclass

from kedro_nas.records.budget import JobBudget
from kedro_nas.records.export import TestMetrics


@dataclass(frozen=True)
class BudgetRow:
    """One stage of a job.

    Attributes:
        stage: As a reader names it.
        planned_s: Seconds it was given, None where nothing was planned for it.
        taken_s: Seconds it took, None where they were not measured.
    """

    stage: str
    planned_s: float | None
    taken_s: float | None


def budget_rows(budget: JobBudget, test: TestMetrics) -> list[BudgetRow]:
    """Return what was planned and taken; empty where no budget was divided.

    Args:
        budget: Of the job, after the ranking.
        test: Knows the seconds of the stages after it.
    """
    plan = budget.plan
    if budget.budget_s is None or plan.search_s is None:
        return []
    before = ("data_preparation", "search_space")
    spent = budget.spent_s
    finish = (test.seconds_export or 0.0) + test.seconds
    rows = [
        BudgetRow(
            "Data and search space", None, sum(spent.get(k, 0.0) for k in before)
        ),
        BudgetRow("Import of TensorFlow", plan.import_s, None),
        BudgetRow("Search", plan.search_s, spent.get("search", 0.0)),
        BudgetRow("Ranking", plan.ranking_s, spent.get("ranking", 0.0)),
        BudgetRow("Final training", plan.final_s, test.seconds_final_fit),
        BudgetRow("Export, proof and test", plan.finish_s, finish),
    ]
    total = sum(row.taken_s or 0.0 for row in rows)
    return [*rows, BudgetRow("Together", budget.budget_s, total)]
