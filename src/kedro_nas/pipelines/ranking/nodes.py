"""Nodes of the `ranking` stage; each calls one function of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions


def rank_finalists(
    dataset: Any,
    dataset_profile: dict[str, Any],
    finalists: dict[str, Any],
    workspace: Path,
    ranking: RankingOptions,
    search: SearchOptions,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Cross-validate finalists and baseline on the same folds, and choose."""
    from kedro_nas.ranking import cross_validation

    return cross_validation.rank_finalists(
        dataset,
        dataset_profile,
        finalists,
        workspace,
        RankingOptions.parse(ranking, where="nas.ranking"),
        SearchOptions.parse(search, where="nas.search"),
        seed,
    )
