"""`kedro_nas.pipelines.export.nodes`: plain values in, records to the library."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kedro_nas.errors import ParameterError, RecordError
from kedro_nas.export import evaluate, export, final_fit
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.pipelines.export import nodes
from kedro_nas.records.export import FinalFit
from kedro_nas.records.job import JobResults


@pytest.mark.parametrize("given", [{}, None, ExportOptions()])
def test_export_model_accepts_what_kedro_hands_over(
    given: Any, results: JobResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapping, nothing or an instance become the same options."""
    seen: list[Any] = []
    monkeypatch.setattr(export, "export_model", lambda *args: seen.extend(args))
    nodes.export_model("model", results.best_architecture.to_json(), "store", given)

    assert seen == ["model", results.best_architecture, "store", ExportOptions()]


def test_export_model_of_a_misspelt_option_names_the_right_one() -> None:
    """Kedro skips validation in some runs; the node does not."""
    with pytest.raises(ParameterError, match="did you mean 'formats'"):
        nodes.export_model("model", {}, "store", {"format": ["keras"]})  # type: ignore[arg-type]


def test_export_model_of_a_choice_of_another_version_names_its_stage() -> None:
    """The way out is said: run the stage that writes it again."""
    with pytest.raises(RecordError, match="Run the stage ranking again"):
        nodes.export_model("model", {"name": "best"}, "store", ExportOptions())


def test_fit_final_models_gives_the_library_what_it_is_typed_for(
    results: JobResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON becomes records and options; two models and a record of them come back."""
    seen: list[Any] = []

    def fit(*args: Any) -> Any:
        seen.extend(args)
        record = SimpleNamespace(to_json=lambda: {"epochs": 3})
        return SimpleNamespace(winner="winner", baseline="baseline", record=record)

    monkeypatch.setattr(final_fit, "fit_final_models", fit)
    made = nodes.fit_final_models(
        "store",
        results.dataset_profile.to_json(),
        results.best_architecture.to_json(),
        Path("workspace"),
        {"epochs": 3},  # type: ignore[arg-type]
        {"workers": 2},  # type: ignore[arg-type]
        7,
    )

    assert made == ("winner", "baseline", {"epochs": 3})
    assert seen == [
        "store",
        results.dataset_profile,
        results.best_architecture,
        Path("workspace"),
        ExportOptions(epochs=3),
        JobOptions(workers=2),
        7,
    ]


def test_evaluate_on_test_hands_records_on_and_returns_json(
    results: JobResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The metrics that are written are those of the record."""
    seen: list[Any] = []

    def score(*args: Any) -> Any:
        seen.extend(args)
        return results.test_metrics

    monkeypatch.setattr(evaluate, "evaluate_on_test", score)
    fit = FinalFit(
        key=results.best_architecture.key,
        epochs=3,
        train_loss=(0.5,),
        seeds=(1,),
        has_baseline=True,
    )
    found = nodes.evaluate_on_test(
        *("store", "model", "baseline"),
        results.best_architecture.to_json(),
        fit.to_json(),
        Path("exports"),
        Path("workspace"),
    )

    assert found == results.test_metrics.to_json()
    assert seen[3:5] == [results.best_architecture, fit]
