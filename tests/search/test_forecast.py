"""`kedro_nas.search.forecast`: what a run will take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kedro_nas.accounting.job_budget import search_budget

from kedro_nas.data.store import ImageStore
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.search.forecast import NetworkTiming, _architectures, forecast
from kedro_nas.search.ladder import Ladder, make_limits


def _forecast(
    store_folder: Path, options: SearchOptions, mode: str = "normal"
) -> dict[str, Any]:
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
    return forecast(
        ImageStore.open(store_folder),
        build_search_space(SearchSpaceOptions(), profile, seed=0),
        profile["verdict"],
        options,
        RankingOptions(),
        NetworkTiming(start_s=5.0, build_s=3.0, step_s=0.01, memory_mb=500.0),
        workers=2,
        seed=0,
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"budget_s": 100}, 50),
        ({"budget_s": 100, "max_trials": 23}, 17),
        ({"budget_s": None, "max_epochs_total": 75}, 17),
        ({"budget_s": None, "iterations": 2}, 34),
        ({"budget_s": 0.1}, 1),
        ({"budget_s": None, "pipeline_budget_s": 100, "reserved_share": 0.4}, 30),
    ],
)
def test_architectures_end_at_the_first_limit(
    options: dict[str, float | None], expected: float
) -> None:
    """Whichever limit comes first ends the search; there is at least one."""
    given = SearchOptions.parse(options, where="nas.search")
    found = _architectures(
        Ladder(1, 9, 3),
        make_limits(given, "normal"),
        search_budget(given, spent_s=0.0),
        each_s=2.0,
    )

    assert found == pytest.approx(expected)


@pytest.mark.parametrize(("mode", "most"), [("small_data", 50), ("normal", 10_000)])
def test_forecast_of_small_data_is_one_pass(
    store_folder: Path, mode: str, most: int
) -> None:
    """Few images are searched once through all brackets, whatever the budget."""
    found = _forecast(store_folder, SearchOptions(budget_s=1e4), mode)

    assert 1 <= found["architectures"] <= most
    assert (found["search_s"] < 1e4) == (mode == "small_data")
    assert found["total_s"] > found["search_s"]


def test_forecast_with_a_budget_of_the_pipeline_only_ends_within_its_share(
    store_folder: Path,
) -> None:
    """Where only `pipeline_budget_s` is set, it limits the search as in a run."""
    found = _forecast(store_folder, SearchOptions(budget_s=None, pipeline_budget_s=100))

    assert found["search_s"] == pytest.approx(60)
