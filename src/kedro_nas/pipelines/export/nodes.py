"""Nodes of the `export` stage; each calls one function of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions


def fit_final_models(
    dataset: Any,
    dataset_profile: dict[str, Any],
    best_architecture: dict[str, Any],
    workspace: Path,
    search: SearchOptions,
    ranking: RankingOptions,
    seed: int,
) -> tuple[Any, Any, dict[str, Any]]:
    """Train the winner and the baseline on all non-test rows."""
    from kedro_nas.export.final_fit import fit_final_models as fit

    return fit(
        dataset,
        dataset_profile,
        best_architecture,
        workspace,
        SearchOptions.parse(search, where="nas.search"),
        RankingOptions.parse(ranking, where="nas.ranking"),
        seed,
    )


def export_model(
    model: Any, best_architecture: dict[str, Any], dataset: Any, options: ExportOptions
) -> Any:
    """Write the model in each format and prove the copies equal."""
    from kedro_nas.export.export import export_model as export

    options = ExportOptions.parse(options, where="nas.export")
    return export(model, best_architecture, dataset, options)


def evaluate_on_test(
    dataset: Any,
    model: Any,
    baseline_model: Any,
    best_architecture: dict[str, Any],
    final_fit: dict[str, Any],
    exports: Path,
    workspace: Path,
) -> dict[str, Any]:
    """Score the exported model and the baseline on the test rows, once."""
    from kedro_nas.export.evaluate import evaluate_on_test as evaluate

    return evaluate(
        dataset, model, baseline_model, best_architecture, final_fit, exports, workspace
    )
