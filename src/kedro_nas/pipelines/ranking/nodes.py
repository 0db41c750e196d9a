"""Nodes of the `ranking` stage; each calls one function of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.search import SearchResult


def rank_finalists(
    dataset: Any,
    dataset_profile: JsonValue,
    finalists: JsonValue,
    workspace: Path,
    ranking: RankingOptions,
    job: JobOptions,
    seed: int,
) -> tuple[Any, Any, JsonValue]:
    """Compare finalists and baseline on the same images, and choose."""
    from kedro_nas.ranking.rank import rank_finalists as rank

    fold_scores, table, choice = rank(
        dataset,
        DatasetProfile.read(dataset_profile),
        SearchResult.read(finalists),
        workspace,
        RankingOptions.parse(ranking, where="nas.ranking"),
        JobOptions.parse(job, where="nas.job"),
        seed,
    )
    return fold_scores, table, choice.to_json()
