"""The pipeline's budget and its shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kedro_nas.accounting.job_budget import (
    FINISH_S,
    affordable_epochs,
    left_s,
    search_budget,
    seconds_per_epoch,
    side_by_side,
)

from kedro_nas.parameters.search import SearchOptions


def test_search_budget_is_the_tighter_of_its_own_and_the_pipelines() -> None:
    """The search never takes what is reserved for the stages after it."""
    options = SearchOptions(budget_s=500, pipeline_budget_s=600, reserved_share=0.5)

    assert search_budget(options, spent_s=20) == 280
    assert search_budget(SearchOptions(budget_s=50), spent_s=20) == 50
    assert search_budget(SearchOptions(budget_s=None, max_trials=3), 20) is None


@given(
    total=st.floats(60, 1e5),
    share=st.floats(0.05, 0.9),
    before=st.floats(0, 1e4),
    per_epoch=st.floats(0.01, 1e3),
)
def test_budget_shares_never_exceed_the_whole(
    total: float, share: float, before: float, per_epoch: float
) -> None:
    """Search, final fit and finish fit into the total, or each is at its minimum."""
    options = SearchOptions(
        pipeline_budget_s=total, budget_s=None, reserved_share=share
    )
    search = search_budget(options, before)
    assert search is not None
    left = left_s(options, before + search)
    assert left is not None
    epochs = affordable_epochs(1000, per_epoch, left)

    spent = before + search + epochs * per_epoch + FINISH_S
    assert spent <= total + 1e-6 or epochs == 1


@given(
    seconds=st.lists(st.floats(0, 100), min_size=1, max_size=8),
    workers=st.integers(1, 9),
)
def test_side_by_side_is_between_the_longest_and_one_after_the_other(
    seconds: list[float], workers: int
) -> None:
    """Workers help, up to the longest task; one worker does all in a row."""
    wall = side_by_side(seconds, workers)

    assert max(*seconds, sum(seconds) / workers) <= wall + 1e-9
    assert wall <= sum(seconds) + 1e-9
    assert side_by_side(seconds, 1) == pytest.approx(sum(seconds))


def test_seconds_per_epoch_unmeasured_is_scaled_by_macs() -> None:
    """A baseline the search did not train is foretold from those it did."""
    known = {"seconds_per_epoch": 8.0, "macs": 100}

    slow = {"seconds_per_epoch": 90.0, "macs": 100}

    assert seconds_per_epoch({"macs": 250}, [slow, known]) == 20.0
    assert seconds_per_epoch(known, []) == 8.0
    assert seconds_per_epoch({"macs": 250}, [{"macs": 1}]) == 0.0
