"""Nodes of the `search` stage; each calls one function of the library.

Records are imported by the nodes that read them: each command of Kedro imports this
module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kedro_nas.parameters.job import JobOptions, check_budget
from kedro_nas.parameters.search import SearchOptions


def search_architectures(
    dataset: Any,
    search_space: JsonValue,
    dataset_profile: JsonValue,
    workspace: Path,
    search: SearchOptions,
    job: JobOptions,
    budget_s: Any,
    seed: int,
) -> tuple[Any, JsonValue]:
    """Train candidates rung by rung with KerasTuner's Hyperband."""
    from kedro_nas.models.spaces import load_search_space
    from kedro_nas.records.profile import DatasetProfile
    from kedro_nas.search import search as library

    trials, result = library.search_architectures(
        dataset,
        load_search_space(search_space),
        DatasetProfile.read(dataset_profile),
        workspace,
        SearchOptions.parse(search, where="nas.search"),
        JobOptions.parse(job, where="nas.job"),
        budget_s=check_budget(budget_s, where="nas.budget_s"),
        seed=seed,
    )
    return trials, result.to_json()
