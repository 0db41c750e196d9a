"""What a search found."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from tests.finalists import build_finalist, build_search_result
from tests.records.round_trip import assert_refused, assert_round_trip

from kedro_nas.errors import RecordError
from kedro_nas.records.budget import BudgetPlan, JobBudget
from kedro_nas.records.job import JobResults
from kedro_nas.records.search import (
    MAX_FLIP_DROP,
    Execution,
    FlipEffect,
    SearchResult,
)

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


@pytest.mark.parametrize(
    ("drop", "standard_error", "allowed"),
    [
        (-0.02, 0.01, True),
        (MAX_FLIP_DROP, 0.0, True),
        (MAX_FLIP_DROP, 0.001, False),
        (MAX_FLIP_DROP - 0.01, 0.01, True),
        (MAX_FLIP_DROP - 0.01, 0.02, False),
        (0.0, 1.0, False),
    ],
)
def test_flips_are_allowed_while_their_drop_is_surely_small(
    drop: float, standard_error: float, allowed: bool
) -> None:
    """A drop that is small by luck, of a few images, does not allow them."""
    effect = FlipEffect(drop=drop, standard_error=standard_error, n_images=200)

    assert effect.allows_flips is allowed


@pytest.mark.parametrize(
    "wrong",
    [{"drop": 1.01}, {"drop": -1.01}, {"standard_error": -0.001}, {"n_images": 0}],
)
def test_flip_effect_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """A difference of shares lies in [-1, 1], and is of at least one image."""
    values = {"drop": 0.0, "standard_error": 0.0, "n_images": 1, **wrong}

    with pytest.raises(ValidationError, match=next(iter(wrong))):
        FlipEffect.model_validate(values)


@pytest.mark.parametrize("ended_by", [*("schedule", "budget", "target reached"), None])
def test_summary_says_what_ended_the_search_or_nothing_yet(
    ended_by: str | None,
) -> None:
    """The report of a search that goes on has none of the known ends."""
    found = build_search_result(A, ended_by=ended_by)

    assert found.search.ended_by == ended_by
    assert_round_trip(found)


def test_summary_ended_by_an_unknown_cause_is_refused() -> None:
    """A cause that no sentence of the report knows does not reach it."""
    values = build_search_result(A).to_json()
    values["search"]["ended_by"] = "boredom"

    with pytest.raises(RecordError, match=r"search\.ended_by: Input should be"):
        SearchResult.read(values)


def test_execution_in_another_precision_is_refused() -> None:
    """float16 would need scaled losses, which no training here has."""
    with pytest.raises(ValidationError, match="mixed_bfloat16"):
        Execution(precision="float16")  # type: ignore[arg-type]


def test_search_result_without_a_limit_of_time_or_latency_has_none() -> None:
    """Options that were not used do not appear as zeros."""
    found = build_search_result(A)

    assert found.latency is None
    assert found.budget.budget_s is None
    assert found.search.flips is None
