"""`kedro_nas.pipelines.search.nodes`: plain values in, records to the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kedro_nas.errors import ParameterError, RecordError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.pipelines.search.nodes import search_architectures
from kedro_nas.records.job import JobResults
from kedro_nas.search import search as library


def _search(results: JobResults, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "dataset": "store",
        "search_space": results.search_space.to_dict(),
        "dataset_profile": results.dataset_profile.to_json(),
        "workspace": Path("workspace"),
        "search": {"max_trials": 3},
        "job": {"workers": 2},
        "budget_s": 60,
        "seed": 7,
    }
    return search_architectures(**{**given, **changes})


def test_search_node_gives_the_library_what_it_is_typed_for(
    results: JobResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON becomes records and options, and the result becomes JSON again."""
    seen: list[Any] = []

    def search(*args: Any, **kwargs: Any) -> Any:
        seen.extend((*args, kwargs))
        return results.trials, results.finalists

    monkeypatch.setattr(library, "search_architectures", search)
    trials, finalists = _search(results)

    assert seen == [
        "store",
        results.search_space,
        results.dataset_profile,
        Path("workspace"),
        SearchOptions(max_trials=3),
        JobOptions(workers=2),
        {"budget_s": 60.0, "seed": 7},
    ]
    assert trials is results.trials
    assert finalists == results.finalists.to_json()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"search": {"max_trails": 3}}, "did you mean 'max_trials'"),
        ({"search": {"workers": 3}}, "moved to nas.job.workers"),
        ({"job": {"worker": 3}}, "did you mean 'workers'"),
        ({"budget_s": -1}, "'nas.budget_s' is not valid"),
    ],
)
def test_search_node_of_a_mistake_names_it(
    results: JobResults, changes: dict[str, Any], said: str
) -> None:
    """Kedro skips validation in some runs; the node does not."""
    with pytest.raises(ParameterError, match=said):
        _search(results, **changes)


def test_search_node_of_a_profile_of_another_version_names_its_stage(
    results: JobResults,
) -> None:
    """The way out is said: run the stage that writes it again."""
    with pytest.raises(RecordError, match="Run the stage data_preparation again"):
        _search(results, dataset_profile={"n_images": 3})
