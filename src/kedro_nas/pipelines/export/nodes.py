"""Nodes of the `export` stage; each calls one function of the library.

Records are imported by the nodes that read them: each command of Kedro imports this
module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions


def fit_final_models(
    dataset: Any,
    dataset_profile: JsonValue,
    best_architecture: JsonValue,
    workspace: Path,
    options: ExportOptions,
    job: JobOptions,
    seed: int,
) -> tuple[Any, Any, JsonValue]:
    """Train the winner and the baseline on all non-test rows."""
    from kedro_nas.export.final_fit import fit_final_models as fit
    from kedro_nas.records.profile import DatasetProfile
    from kedro_nas.records.ranking import Choice

    models = fit(
        dataset,
        DatasetProfile.read(dataset_profile),
        Choice.read(best_architecture),
        workspace,
        ExportOptions.parse(options, where="nas.export"),
        JobOptions.parse(job, where="nas.job"),
        seed,
    )
    return models.winner, models.baseline, models.record.to_json()


def export_model(
    model: Any, best_architecture: JsonValue, dataset: Any, options: ExportOptions
) -> Any:
    """Write the model in each format and check the parity of the files."""
    from kedro_nas.export.export import export_model as export
    from kedro_nas.records.ranking import Choice

    options = ExportOptions.parse(options, where="nas.export")
    return export(model, Choice.read(best_architecture), dataset, options)


def evaluate_on_test(
    dataset: Any,
    model: Any,
    baseline_model: Any,
    best_architecture: JsonValue,
    final_fit: JsonValue,
    exports: Path,
    workspace: Path,
) -> JsonValue:
    """Score the exported model and the baseline on the test rows, once."""
    from kedro_nas.export.evaluate import evaluate_on_test as evaluate
    from kedro_nas.records.export import FinalFit
    from kedro_nas.records.ranking import Choice

    metrics = evaluate(
        dataset,
        model,
        baseline_model,
        Choice.read(best_architecture),
        FinalFit.read(final_fit),
        exports,
        workspace,
    )
    return metrics.to_json()
