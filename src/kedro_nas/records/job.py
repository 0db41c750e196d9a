"""The results of all stages of a job, as read by the report."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kedro_nas.records.export import TestMetrics
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.ranking import Choice
from kedro_nas.records.search import SearchResult
from kedro_nas.space.search_space import SearchSpace


@dataclass(frozen=True)
class JobResults:
    """The results of all stages; fields are named like their datasets.

    Attributes:
        dataset_profile: Profile of the images.
        search_space: The networks that were allowed.
        trials: A row per architecture and rung.
        finalists: The finalists and a summary of the search.
        fold_scores: A row per contestant and fold.
        ranking: A row per contestant, best mean first.
        best_architecture: The network that was chosen.
        test_metrics: Results on the test split.
    """

    dataset_profile: DatasetProfile
    search_space: SearchSpace
    trials: pd.DataFrame
    finalists: SearchResult
    fold_scores: pd.DataFrame
    ranking: pd.DataFrame
    best_architecture: Choice
    test_metrics: TestMetrics
