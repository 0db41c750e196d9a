"""`kedro_nas.framework.tracking.record`: what an active MLflow run is told."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from kedro_nas import create_pipeline
from kedro_nas.framework.tracking.finished_node import FinishedNode
from kedro_nas.framework.tracking.record import Recorder
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.pipelines.reporting.nodes import FIGURES
from kedro_nas.records.job import JobResults
from kedro_nas.records.search import Incumbent

NODES = {
    node.func.__name__: node
    for node in create_pipeline(
        namespace="defects.nas", outputs={"trials": "their_trials"}
    ).nodes
}
TRIALS = pd.DataFrame(
    {
        "trial_id": ["a", "b"],
        "name": ["one", "two"],
        "status": ["completed", "failed"],
        "started_s": [0.0, 1.0],
        "ended_s": [2.0, 5.0],
        "score": [0.5, None],
        "val_accuracy_by_epoch": [[0.4, 0.5], None],
    }
)


def _record(recorder: Recorder, name: str, *made: Any, **given: Any) -> None:
    node = NODES[name]
    inputs = {full: given.get(full.rpartition(".")[2]) for full in node.inputs}
    outputs = dict(zip(node.outputs, made, strict=True))
    recorder.record(FinishedNode(node, inputs, outputs))


def _metrics(run: dict[str, Any]) -> dict[str, float]:
    return {metric.key: metric.value for metric in run["metrics"]}


def _finalists(results: JobResults) -> dict[str, Any]:
    """Return the JSON of a search that improved once."""
    best = Incumbent(seconds=1.0, epochs=2, score=0.5, key="k")
    search = results.finalists.search.model_copy(
        update={"n_trials": 2, "incumbent": (best,)}
    )
    return results.finalists.model_copy(update={"search": search}).to_json()


def test_record_of_a_search_logs_its_options_and_sums(
    mlflow: Any, results: JobResults
) -> None:
    """Trials were logged while it ran: nothing of them is logged once more."""
    _record(
        *(Recorder(), "search_architectures", TRIALS, _finalists(results)),
        search=SearchOptions(),
    )
    (parent,) = mlflow.client.runs.values()

    assert parent["params"]["defects.nas.search.factor"] == "3"
    assert _metrics(parent)["defects.nas.finalists.search.n_trials"] == 2
    assert _metrics(parent)["defects.nas.incumbent"] == 0.5
    assert not any("environment" in name for name in _metrics(parent))


def test_record_of_ranking_and_test_logs_their_numbers(
    mlflow: Any, results: JobResults
) -> None:
    """CV mean and test accuracy are metrics, the winner a tag, the table a file."""
    best = results.best_architecture
    _record(Recorder(), "rank_finalists", TRIALS, TRIALS, best.to_json())
    _record(Recorder(), "evaluate_on_test", {"accuracy": 0.7, "mistakes": [1]})
    run = mlflow.client.runs["parent"]

    assert _metrics(run)["defects.nas.best_architecture.cv_mean"] == best.cv_mean
    assert _metrics(run)["defects.nas.test_metrics.accuracy"] == 0.7
    assert not any("architecture.n_classes" in name for name in _metrics(run))
    assert run["tags"]["defects.nas.best_architecture.key"] == best.key
    choices = "defects.nas.best_architecture.choices"
    first = best.architecture.stages[0]
    assert run["params"][f"{choices}.stage1.block"] == first.block
    assert run["params"][f"{choices}.recipe.optimizer"] == "adamw"
    assert "defects.nas/ranking.csv" in run["artifacts"]


def test_record_of_the_report_logs_page_and_figures(mlflow: Any) -> None:
    """They open in MLflow's own viewer."""
    _record(Recorder(), "write_report", "<html>", *(go.Figure() for _ in FIGURES))
    artifacts = mlflow.client.runs["parent"]["artifacts"]

    assert artifacts["defects.nas/report.html"] == "<html>"
    assert len(artifacts) == 1 + len(FIGURES)
    assert "<div" in artifacts["defects.nas/figures/pareto_front.html"]


def test_record_of_an_export_that_mlflow_cannot_take_warns_once(
    mlflow: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Files that can be logged are; what fails never ends the run."""
    (tmp_path / "model_card.md").write_text("# A model")
    (tmp_path / "model.tflite").write_bytes(b"model")
    recorder = Recorder()
    with caplog.at_level(logging.WARNING):
        _record(recorder, "export_model", tmp_path)  # the stand-in has no flavours
        _record(recorder, "export_model", tmp_path)
    artifacts = mlflow.client.runs["parent"]["artifacts"]

    assert "defects.nas/exports/model_card.md" in artifacts
    assert "defects.nas/exports/model.tflite" in artifacts
    assert len(caplog.records) == 1
    assert "The run goes on" in caplog.text


def test_record_with_a_parameter_logged_otherwise_still_logs_results(
    mlflow: Any, results: JobResults
) -> None:
    """Two searches within one MLflow run keep their results."""
    mlflow.client.runs["parent"]["params"]["defects.nas.search.factor"] = "4"
    _record(
        *(Recorder(), "search_architectures", TRIALS, _finalists(results)),
        search=SearchOptions(),
    )

    parent = mlflow.client.runs["parent"]
    assert _metrics(parent)["defects.nas.finalists.search.n_trials"] == 2


def test_record_without_an_active_run_does_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """MLflow is neither needed nor imported."""
    monkeypatch.delitem(sys.modules, "mlflow", raising=False)
    _record(Recorder(), "search_architectures", TRIALS, {})

    assert "mlflow" not in sys.modules
    assert caplog.records == []


def test_record_of_a_host_node_is_nobody_s_business(mlflow: Any) -> None:
    """What a team logs of its own nodes is up to the team."""
    from kedro.pipeline import Node

    node = Node(sorted, "a", "b", name="theirs")
    Recorder().record(FinishedNode(node, {"a": [2, 1]}, {"b": [1, 2]}))

    assert mlflow.client.runs["parent"]["metrics"] == []
