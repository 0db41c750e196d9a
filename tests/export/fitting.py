"""Final trainings with made-up choices, on workers that train nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kedro_nas.export.final_fit import FinalModels, fit_final_models
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.budget import BudgetPlan, JobBudget
from kedro_nas.records.export import FinalFit
from kedro_nas.records.profile import DatasetProfile, Verdict
from kedro_nas.records.ranking import Choice, CrossValidationSummary, NamedNetwork
from kedro_nas.space.architecture import Architecture

PROFILE = DatasetProfile.model_construct(
    verdict=Verdict(n_train=9, n_folds=2, n_repeats=1)
)
FOLDS = CrossValidationSummary(finalists=1, folds=2, repeats=1, epochs=2)


def left(seconds: float | None) -> JobBudget:
    """Give the budget of a job that has so many seconds left."""
    budget_s = None if seconds is None else seconds + 120
    plan = BudgetPlan(finish_s=20)
    return JobBudget(budget_s=budget_s, plan=plan).after("search", 100)


def fit_all(
    architecture: Architecture,
    workspace: Path,
    *,
    epochs: int = 2,
    left_s: float | None = None,
    baseline: Architecture | None = None,
    fingerprint: str = "one",
    seed: int = 0,
    export: dict[str, Any] | None = None,
    threads: int = 1,
    **known: Any,
) -> FinalModels:
    """Fit a winner, for epochs or, with seconds left, until these are over."""
    named = None
    if baseline is not None:
        named = NamedNetwork(name="b", key=baseline.key, architecture=baseline)
    fields: dict[str, Any] = {
        "name": "winner",
        "key": architecture.key,
        "architecture": architecture,
        "is_baseline": False,
        "rule": "best_mean",
        "objective": "accuracy",
        "sentence": "",
        "full_epochs": epochs,
        "plan": FOLDS,
        "baseline": named,
        "budget": left(left_s),
        **known,
    }
    return fit_final_models(
        SimpleNamespace(path=Path("store"), fingerprint=fingerprint),  # type: ignore[arg-type]
        PROFILE,
        Choice(**fields),
        workspace,
        ExportOptions(**{"epochs_factor": 1, **(export or {})}),
        JobOptions(workers=1, threads_per_worker=threads),
        seed,
    )


def fit(*args: Any, **options: Any) -> tuple[str, FinalFit]:
    """Fit; gives the winner's model and the record."""
    models = fit_all(*args, **options)
    return models.winner, models.record


def smaller(architecture: Architecture) -> Architecture:
    """Make a baseline with about a quarter of the multiply-adds."""
    stages = tuple(s.model_copy(update={"width": 4}) for s in architecture.stages)
    return architecture.model_copy(update={"stages": stages})
