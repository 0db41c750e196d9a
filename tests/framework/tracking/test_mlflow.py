"""`kedro_nas.framework.tracking.mlflow` with MLflow itself, where it is installed."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kedro_nas.framework.tracking.mlflow import ActiveRun, active_run
from kedro_nas.framework.tracking.values import Point

WEIGHTS = {f"nas.p{number}": str(number) for number in range(250)}
POINTS = [Point("val_accuracy", 0.1, 1), Point("val_accuracy", 0.2, 2)]


def test_log_parameters_in_batches_that_mlflow_takes(mlflow: Any) -> None:
    """MLflow refuses more than 100 parameters or 1000 metrics at once."""
    run = ActiveRun(mlflow, mlflow.active_run())
    run.log_parameters(WEIGHTS)
    run.log_points(Point("x", 0.0, step) for step in range(2500))

    assert mlflow.client.runs["parent"]["params"] == WEIGHTS
    assert len(mlflow.client.runs["parent"]["metrics"]) == 2500


def test_log_parameters_leaves_what_kedro_mlflow_has_logged(mlflow: Any) -> None:
    """`None` is what we write as `null`; MLflow would refuse the second value."""
    logged = {"nas.budget_s": "None", "nas.seed": "0"}
    mlflow.client.runs["parent"]["params"].update(logged)
    run = ActiveRun(mlflow, mlflow.active_run())
    run.log_parameters({"nas.budget_s": "null", "nas.seed": "0", "nas.job.pool": "x"})

    assert mlflow.client.runs["parent"]["params"] == {**logged, "nas.job.pool": "x"}


def test_active_run_is_none_when_mlflow_has_none(mlflow: Any) -> None:
    """An imported MLflow without a run is left alone."""
    mlflow.active_run = lambda: None

    assert active_run() is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own, several per call
def test_active_run_of_mlflow_itself_takes_and_gives_back(tmp_path: Path) -> None:
    """Parameters, nested trials and a model that `mlflow.pyfunc` loads."""
    pytest.importorskip("mlflow")
    mlflow: Any = importlib.import_module("mlflow")
    keras: Any = importlib.import_module("keras")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.create_experiment("e", artifact_location=str(tmp_path / "artifacts"))
    mlflow.set_experiment("e")
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    pixels = np.arange(32, dtype=np.uint8).reshape(2, 4, 4, 1)
    with mlflow.start_run() as parent:
        run = active_run()
        assert run is not None
        run.log_parameters(WEIGHTS)
        nested = run.start_nested("a one", {"by": "us"}, started=1.0)
        run.log_to(nested, points=POINTS, parameters={"key": "k"})
        run.set_status(nested, "KILLED", ended=3.0)
        run.set_status(nested, "RUNNING")
        found = run.find_runs("by", "us")
        points = run.logged_points(nested, ["val_accuracy", "val_loss"])
        run.log_model(model, "nas_model")
    seen = SimpleNamespace(
        parent=mlflow.get_run(parent.info.run_id),
        runs=mlflow.search_runs(experiment_names=["e"]),
        model=mlflow.search_logged_models(output_format="list")[0],
    )
    predicted = mlflow.pyfunc.load_model(seen.model.model_uri).predict(pixels)

    assert seen.parent.data.params == WEIGHTS
    assert [(one.run_id, one.status) for one in found] == [(nested, "RUNNING")]
    assert points == {("val_accuracy", 1), ("val_accuracy", 2)}
    assert isinstance(seen.runs, pd.DataFrame)
    nested = seen.runs[seen.runs["tags.mlflow.parentRunId"] == parent.info.run_id]
    assert nested["metrics.val_accuracy"].tolist() == [0.2]
    np.testing.assert_allclose(predicted, model.predict(pixels, verbose=0), atol=1e-6)
