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
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.ranking.rank import rank_finalists
from kedro_nas.records.export import FinalFit, TestMetrics
from kedro_nas.records.job import JobResults
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchResult
from kedro_nas.search.search import search_architectures
from kedro_nas.space.search_space import SearchSpace

JOB = JobOptions(workers=2)


@dataclass
class Job:
    """What the stages from the search space to the test gave."""

    space: SearchSpace
    trials: pd.DataFrame
    found: SearchResult
    folds: pd.DataFrame
    ranking: pd.DataFrame
    choice: Choice
    fit: FinalFit
    exports: Path
    metrics: TestMetrics

    def results(self, profile: dict[str, Any]) -> JobResults:
        """Return the results as the report takes them."""
        return JobResults(
            dataset_profile=DatasetProfile.read(profile),
            search_space=self.space,
            trials=self.trials,
            finalists=self.found,
            fold_scores=self.folds,
            ranking=self.ranking,
            best_architecture=self.choice,
            test_metrics=self.metrics,
        )


def run_job(
    prepared: tuple[ImageStore, dict[str, Any]],
    workspace: Path,
    search: SearchOptions,
    ranking: RankingOptions,
    *,
    export: ExportOptions | None = None,
    space_options: SearchSpaceOptions | None = None,
    job: JobOptions = JOB,
    budget_s: float | None = None,
) -> Job:
    """Run all stages between data preparation and report, with seed 0."""
    store, profile = prepared
    record = DatasetProfile.read(profile)
    options = space_options or SearchSpaceOptions(preset="cpu")
    export = export or ExportOptions(formats=("keras",))
    space = build_search_space(options, DatasetProfile.read(profile).facts, seed=0)
    trials, found = search_architectures(
        store, space, record, workspace, search, job, budget_s=budget_s, seed=0
    )
    folds, table, choice = rank_finalists(
        store, record, found, workspace, ranking, job, 0
    )
    models = fit_final_models(store, record, choice, workspace, export, job, 0)
    exports = export_model(models.winner, choice, store, export)
    metrics = evaluate_on_test(
        store, models.winner, models.baseline, choice, models.record, exports, workspace
    )
    return Job(
        space, trials, found, folds, table, choice, models.record, exports, metrics
    )
