"""Writing to the MLflow run that is active, through MLflow's own client.

MLflow is not imported here: a run can only be active where somebody else (kedro-mlflow,
or the host's own code) has imported it already.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from kedro_nas.framework.tracking.values import Point, TrialRun

# what one call of MLflow's `log_batch` may carry
_BATCH = {"metrics": 1000, "params": 100, "tags": 100}

_AS_JSON = {"None": "null", "True": "true", "False": "false"}


class ActiveRun:
    """The MLflow run that is active in this process.

    Args:
        mlflow: The module.
        run: `mlflow.active_run()`.
    """

    def __init__(self, mlflow: Any, run: Any) -> None:
        self._mlflow = mlflow
        self._info = run.info
        self._client = mlflow.MlflowClient()

    @property
    def run_id(self) -> str:
        """MLflow's name of the run."""
        return str(self._info.run_id)

    def log_parameters(self, parameters: Mapping[str, str]) -> None:
        """Log texts by name; one that was logged with another value is an error.

        kedro-mlflow logs plain parameters of the same names, as Python writes them.
        """
        logged = self._client.get_run(self.run_id).data.params
        there = {name: _AS_JSON.get(text, text) for name, text in logged.items()}
        missing = {
            name: text for name, text in parameters.items() if there.get(name) != text
        }
        self._log(self.run_id, params=missing)

    def log_points(self, points: Iterable[Point]) -> None:
        """Log metrics."""
        self._log(self.run_id, points=points)

    def log_tags(self, tags: Mapping[str, str]) -> None:
        """Log tags, replacing earlier ones."""
        self._log(self.run_id, tags=tags)

    def log_trials(self, trials: Iterable[TrialRun]) -> None:
        """Log each trial as a nested run that has taken as long as the trial."""
        trials = list(trials)
        began = time.time() - max((trial.ended_s for trial in trials), default=0.0)
        for trial in trials:
            run = self._client.create_run(
                self._info.experiment_id,
                start_time=int(1000 * (began + trial.started_s)),
                tags={"mlflow.parentRunId": self.run_id, **trial.tags},
                run_name=trial.name,
            )
            self._log(run.info.run_id, points=trial.points, params=trial.parameters)
            self._client.set_terminated(
                run.info.run_id,
                status="FAILED" if trial.failed else "FINISHED",
                end_time=int(1000 * (began + trial.ended_s)),
            )

    def log_text(self, text: str, place: str) -> None:
        """Log a text as the artifact `place`, a path such as `nas/report.html`."""
        self._client.log_text(self.run_id, text, place)

    def log_file(self, path: Path, folder: str) -> None:
        """Log a file into a folder of the artifacts."""
        self._client.log_artifact(self.run_id, str(path), folder)

    def log_model(self, model: Any, name: str) -> None:
        """Log a Keras classifier that takes raw pixels, in MLflow's own flavour.

        Args:
            model: The model.
            name: Of the logged model; without dots and slashes.
        """
        import importlib

        import numpy as np

        flavour = importlib.import_module("mlflow.tensorflow")
        types = importlib.import_module("mlflow.types")
        signature = importlib.import_module("mlflow.models").ModelSignature

        def schema(kind: Any, shape: Iterable[Any]) -> Any:
            sizes = tuple(-1 if size is None else int(size) for size in shape)
            return types.Schema([types.TensorSpec(np.dtype(kind), sizes)])

        flavour.log_model(
            model,
            name=name,
            signature=signature(
                inputs=schema(np.uint8, model.input_shape),
                outputs=schema(np.float32, model.output_shape),
            ),
            # else MLflow loads the model in a process of its own to find them out
            pip_requirements=_installed("tensorflow", "keras", "numpy"),
        )

    def _log(
        self,
        run_id: str,
        *,
        points: Iterable[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        entities, now = self._mlflow.entities, int(1000 * time.time())
        entries = {
            "metrics": [
                entities.Metric(point.name, point.value, now, point.step)
                for point in points
            ],
            "params": [entities.Param(*item) for item in (params or {}).items()],
            "tags": [entities.RunTag(*item) for item in (tags or {}).items()],
        }
        for kind, items in entries.items():
            for batch in _batches(items, _BATCH[kind]):
                self._client.log_batch(run_id, **{kind: batch})


def active_run() -> ActiveRun | None:
    """Return the MLflow run of this process, or None; MLflow is never imported."""
    mlflow = sys.modules.get("mlflow")
    run = None if mlflow is None else mlflow.active_run()
    return None if run is None else ActiveRun(mlflow, run)


def _installed(*packages: str) -> list[str]:
    """Pin packages to what the model was trained with."""
    known = metadata.packages_distributions()
    return [
        f"{known[name][0]}=={metadata.version(known[name][0])}"
        for name in packages
        if known.get(name)
    ]


def _batches(items: list[Any], size: int) -> Iterable[list[Any]]:
    source = iter(items)
    while batch := list(itertools.islice(source, size)):
        yield batch
