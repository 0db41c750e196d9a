"""Nodes of the `search` stage; each calls one function of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions


def search_architectures(
    dataset: Any,
    search_space: dict[str, Any],
    dataset_profile: dict[str, Any],
    workspace: Path,
    search: SearchOptions,
    ranking: RankingOptions,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Train candidates rung by rung with KerasTuner's Hyperband."""
    from kedro_nas.search import search as library

    return library.search_architectures(
        dataset,
        search_space,
        dataset_profile,
        workspace,
        SearchOptions.parse(search, where="nas.search"),
        RankingOptions.parse(ranking, where="nas.ranking"),
        seed,
    )
