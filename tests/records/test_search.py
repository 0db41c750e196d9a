"""What a search found."""

from __future__ import annotations

from tests.finalists import build_finalist, build_search_result
from tests.records.round_trip import assert_refused, assert_round_trip

from kedro_nas.records.budget import BudgetPlan, JobBudget
from kedro_nas.records.job import JobResults

A = build_finalist("a", right=[True, False, True], epochs=9, seconds_per_epoch=1.5)
BASELINE = build_finalist("base", is_baseline=True, score=None)
BUDGET = JobBudget(budget_s=300, plan=BudgetPlan(search_s=40.0)).after("search", 9.0)


def test_search_result_read_from_its_own_file_is_equal(results: JobResults) -> None:
    """Finalists with their results on images, summary and budget."""
    assert_round_trip(results.finalists)
    assert_round_trip(build_search_result(A, BASELINE, budget=BUDGET))


def test_search_result_of_another_version_names_the_stage_to_run() -> None:
    """Who has an old file is told what to do."""
    assert_refused(build_search_result(A), "search", seconds_before=3.0)


def test_search_result_tells_networks_from_the_baseline() -> None:
    """Finalists without the baseline, and the baseline alone."""
    found = build_search_result(A, BASELINE)

    assert found.networks == (A,)
    assert found.baselines == (BASELINE,)
    assert build_search_result(A).baselines == ()
