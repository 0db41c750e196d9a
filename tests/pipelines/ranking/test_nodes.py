"""`kedro_nas.pipelines.ranking.nodes`: plain values in, records to the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kedro_nas.errors import ParameterError, RecordError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.pipelines.ranking.nodes import rank_finalists
from kedro_nas.ranking import rank as library
from kedro_nas.records.job import JobResults


def _rank(results: JobResults, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "dataset": "store",
        "dataset_profile": results.dataset_profile.to_json(),
        "finalists": results.finalists.to_json(),
        "workspace": Path("workspace"),
        "ranking": {"folds": 2},
        "job": {"baseline": "none"},
        "seed": 7,
    }
    return rank_finalists(**{**given, **changes})


def test_ranking_node_gives_the_library_what_it_is_typed_for(
    results: JobResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON becomes records and options, and the choice becomes JSON again."""
    seen: list[Any] = []

    def rank(*args: Any) -> Any:
        seen.extend(args)
        return results.fold_scores, results.ranking, results.best_architecture

    monkeypatch.setattr(library, "rank_finalists", rank)
    scores, table, choice = _rank(results)

    assert seen == [
        "store",
        results.dataset_profile,
        results.finalists,
        Path("workspace"),
        RankingOptions(folds=2),
        JobOptions(baseline="none"),
        7,
    ]
    assert scores is results.fold_scores
    assert table is results.ranking
    assert choice == results.best_architecture.to_json()


def test_ranking_node_of_an_option_that_moved_names_its_place(
    results: JobResults,
) -> None:
    """A parameters file of an earlier version says what to change."""
    with pytest.raises(ParameterError, match=r"moved to nas\.search\.finalists"):
        _rank(results, ranking={"finalists": 3})


def test_ranking_node_of_finalists_of_another_version_names_their_stage(
    results: JobResults,
) -> None:
    """The way out is said: run the stage that writes them again."""
    with pytest.raises(RecordError, match="Run the stage search again"):
        _rank(results, finalists={"finalists": []})
