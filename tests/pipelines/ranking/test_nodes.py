"""`kedro_nas.pipelines.ranking.nodes`: plain values in, records to the library."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from tests.device import device_profile

from kedro_nas.errors import ParameterError, RecordError
from kedro_nas.models import spaces
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.pipelines.ranking.nodes import rank_finalists, tabulate_front
from kedro_nas.ranking import front_table
from kedro_nas.ranking import rank as library
from kedro_nas.records.job import JobResults


def _rank(results: JobResults, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "dataset": "store",
        "dataset_profile": results.dataset_profile.to_json(),
        "finalists": results.finalists.to_json(),
        "workspace": Path("workspace"),
        "ranking": {"folds": 2},
        "export": {"epochs": 5},
        "job": {"baseline": "none"},
        "seed": 7,
    }
    return rank_finalists(**{**given, **changes})


def test_ranking_node_gives_the_library_what_it_is_typed_for(
    results: JobResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON becomes records and options, and the choice becomes JSON again."""
    seen: list[Any] = []

    def rank(*args: Any, final: ExportOptions) -> Any:
        seen.extend([*args, final])
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
        ExportOptions(epochs=5),
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


def test_front_node_reads_records_and_a_device(
    results: JobResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bounded device of the space, or the only profile, predicts latencies."""
    space = SimpleNamespace(device=None)
    monkeypatch.setattr(spaces, "load_search_space", lambda _: space)
    profile = device_profile()
    table = tabulate_front(
        results.trials,
        results.ranking,
        results.best_architecture.to_json(),
        {},
        {"board": profile.model_dump(mode="json")},
    )

    expected = front_table.tabulate_front(
        results.trials, results.ranking, results.best_architecture, profile
    )
    pd.testing.assert_frame_equal(table, expected)
