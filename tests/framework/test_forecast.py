"""`kedro_nas.framework.forecast`: what a run will take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.data.store import ImageStore
from kedro_nas.framework.forecast import (
    Measured,
    _architectures,
    _brackets,
    _mean_ladder,
    forecast,
)
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions


def test_brackets_are_those_of_hyperband() -> None:
    """For 1 to 9 epochs with factor 3: 9, 5 and 3 architectures, as published.

    Source: Li et al. (2018), JMLR 18, algorithm 1.
    """
    found = list(_brackets(1, 9, 3))

    assert found == [(9, [1.0, 3.0, 9.0]), (5, [3.0, 9.0]), (3, [9.0])]


def test_mean_ladder_of_one_bracket_counts_what_is_trained() -> None:
    """Nine for 1 epoch, three for 2 more, one for 6 more: 21 epochs in 13 trials."""
    epochs, trials = _mean_ladder(1, 9, 3)
    # 21 + (5 * 3 + 1 * 6) + 3 * 9 epochs over 17 architectures
    assert epochs == pytest.approx((21 + 21 + 27) / 17)
    assert trials == pytest.approx((13 + 6 + 3) / 17)


@given(st.integers(1, 10), st.integers(1, 60), st.integers(2, 5))
def test_mean_ladder_lies_between_one_trial_and_the_top(
    first: int, more: int, factor: int
) -> None:
    """No architecture has less than one trial or more than the top rung's epochs."""
    top = first + more
    epochs, trials = _mean_ladder(first, top, factor)

    assert 0 < epochs <= top
    assert trials >= 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"budget_s": 100}, 50),
        ({"budget_s": 100, "max_trials": 30}, 20),
        ({"budget_s": None, "max_epochs_total": 60}, 15),
        ({"budget_s": None, "iterations": 2}, 34),
        ({"budget_s": 0.1}, 1),
    ],
)
def test_architectures_end_at_the_first_limit(
    options: dict[str, float | None], expected: float
) -> None:
    """Whichever limit comes first ends the search; there is at least one."""
    found = _architectures(
        SearchOptions.at_the_door(options, where="nas.search"),
        each_s=2.0,
        epochs=4.0,
        trials=1.5,
        top=9,
        first=1,
    )

    assert found == pytest.approx(expected)


@pytest.mark.parametrize(("mode", "most"), [("small_data", 30), ("normal", 10_000)])
def test_forecast_of_small_data_is_one_pass(
    store_folder: Path, mode: str, most: int
) -> None:
    """Few images are searched once through all brackets, whatever the budget."""
    profile: dict[str, Any] = {
        "n_images": 40,
        "image_shape": [8, 8, 1],
        "class_names": ["light", "dark"],
        "verdict": {
            "mode": mode,
            "n_train": 20,
            "n_folds": 5,
            "n_repeats": 3,
            "max_params_factor": 1.0,
            "augmentation": "as_searched",
        },
    }
    found = forecast(
        ImageStore.open(store_folder),
        build_search_space(SearchSpaceOptions(), profile, seed=0),
        profile["verdict"],
        SearchOptions(budget_s=1e4),
        RankingOptions(),
        Measured(start_s=5.0, build_s=3.0, step_s=0.01, memory_mb=500.0),
        workers=2,
        seed=0,
    )

    assert 1 <= found["architectures"] <= most
    assert (found["search_s"] < 1e4) == (mode == "small_data")
    assert found["total_s"] > found["search_s"]
