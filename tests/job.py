"""The whole job through the library, as the tests of more than one room run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kedro_nas.data.store import ImageStore
from kedro_nas.export.evaluate import evaluate_on_test
from kedro_nas.export.export import export_model
from kedro_nas.export.final_fit import fit_final_models
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.ranking.cross_validation import rank_finalists
from kedro_nas.records.export import TestMetrics
from kedro_nas.records.job import JobResults
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchResult
from kedro_nas.search.search import search_architectures
from kedro_nas.space.search_space import SearchSpace


@dataclass
class Job:
    """What the stages from the search space to the test gave."""

    space: dict[str, Any]
    trials: pd.DataFrame
    finalists: dict[str, Any]
    folds: pd.DataFrame
    ranking: pd.DataFrame
    best: dict[str, Any]
    fit: dict[str, Any]
    exports: Path
    metrics: dict[str, Any]

    def results(self, profile: dict[str, Any]) -> JobResults:
        """Read the results as the report does."""
        return JobResults(
            dataset_profile=DatasetProfile.read(profile),
            search_space=SearchSpace.from_dict(self.space),
            trials=self.trials,
            finalists=SearchResult.read(self.finalists),
            fold_scores=self.folds,
            ranking=self.ranking,
            best_architecture=Choice.read(self.best),
            test_metrics=TestMetrics.read(self.metrics),
        )


def run_job(
    prepared: tuple[ImageStore, dict[str, Any]],
    workspace: Path,
    search: SearchOptions,
    ranking: RankingOptions,
    space_options: SearchSpaceOptions | None = None,
) -> Job:
    """Run all stages between data preparation and report, with seed 0."""
    store, profile = prepared
    options = space_options or SearchSpaceOptions(preset="cpu")
    space = build_search_space(options, profile, seed=0).to_dict()
    trials, finalists = search_architectures(
        store, space, profile, workspace, search, ranking, 0
    )
    folds, table, best = rank_finalists(
        store, profile, finalists, workspace, ranking, search, 0
    )
    model, other, fit = fit_final_models(
        store, profile, best, workspace, search, ranking, 0
    )
    exports = export_model(model, best, store, ExportOptions(formats=("keras",)))
    metrics = evaluate_on_test(store, model, other, best, fit, exports, workspace)
    return Job(space, trials, finalists, folds, table, best, fit, exports, metrics)
