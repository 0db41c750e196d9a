"""Nodes of the `ranking` stage; each calls one function of the library.

Records are imported by the nodes that read them: each command of Kedro imports this
module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions


def rank_finalists(
    dataset: Any,
    dataset_profile: JsonValue,
    finalists: JsonValue,
    workspace: Path,
    ranking: RankingOptions,
    export: ExportOptions,
    job: JobOptions,
    seed: int,
) -> tuple[Any, Any, JsonValue]:
    """Compare finalists and baseline on the same images, and choose."""
    from kedro_nas.ranking.rank import rank_finalists as rank
    from kedro_nas.records.profile import DatasetProfile
    from kedro_nas.records.search import SearchResult

    fold_scores, table, choice = rank(
        dataset,
        DatasetProfile.read(dataset_profile),
        SearchResult.read(finalists),
        workspace,
        RankingOptions.parse(ranking, where="nas.ranking"),
        JobOptions.parse(job, where="nas.job"),
        seed,
        final=ExportOptions.parse(export, where="nas.export"),
    )
    return fold_scores, table, choice.to_json()


def tabulate_front(
    trials: Any,
    ranking: Any,
    best_architecture: JsonValue,
    search_space: JsonValue,
    device_profiles: dict[str, JsonValue],
) -> Any:
    """List what each architecture scored and costs, and which are on a front."""
    from kedro_nas.models.spaces import load_search_space
    from kedro_nas.ranking.front_table import tabulate_front as tabulate
    from kedro_nas.records.ranking import Choice
    from kedro_nas.space.device_choice import device_of_table

    device = device_of_table(load_search_space(search_space).device, device_profiles)
    return tabulate(trials, ranking, Choice.read(best_architecture), device)
