"""Writing to the MLflow run that is active, through MLflow's own client.

MLflow is not imported here: a run can only be active where somebody else (kedro-mlflow,
or the host's own code) has imported it already.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from kedro_nas.framework.tracking.values import Point

# what one call of MLflow's `log_batch` may carry
_BATCH = {"metrics": 1000, "params": 100, "tags": 100}

_RUNS_A_PAGE = 1000
PARENT = "mlflow.parentRunId"  # MLflow's tag that nests a run

_AS_JSON = {"None": "null", "True": "true", "False": "false"}


@dataclass(frozen=True)
class FoundRun:
    """A run that MLflow knows.

    Attributes:
        run_id: MLflow's name of it.
        status: MLflow's word, such as `RUNNING`.
        tags: By name.
    """

    run_id: str
    status: str
    tags: dict[str, str]

    @classmethod
    def of(cls, run: Any) -> FoundRun:
        """Read MLflow's own record."""
        return cls(str(run.info.run_id), str(run.info.status), dict(run.data.tags))


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

    def start_nested(
        self, name: str, tags: Mapping[str, str], *, started: float
    ) -> str:
        """Start a run nested in this one; return MLflow's name of it.

        Args:
            name: For people.
            tags: Of the new run.
            started: Seconds since 1970.
        """
        run = self._client.create_run(
            self._info.experiment_id,
            start_time=int(1000 * started),
            tags={PARENT: self.run_id, **tags},
            run_name=name,
        )
        return str(run.info.run_id)

    def log_to(
        self,
        run_id: str,
        *,
        points: Iterable[Point] = (),
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Log to another run of the same server."""
        self._log(run_id, points=points, params=parameters, tags=tags)

    def set_status(
        self, run_id: str, status: str, *, ended: float | None = None
    ) -> None:
        """Set the status of another run.

        Args:
            run_id: Which.
            status: MLflow's word, such as `KILLED`; one that was ended can be set to
                `RUNNING` again.
            ended: When it ended, seconds since 1970; None while it runs.
        """
        if ended is None:
            self._client.update_run(run_id, status=status)
        else:
            self._client.set_terminated(
                run_id, status=status, end_time=int(1000 * ended)
            )

    def find_runs(self, tag: str, value: str) -> list[FoundRun]:
        """Find the runs of this experiment that have a tag of that value."""
        found: list[FoundRun] = []
        token = None
        while True:
            page = self._client.search_runs(
                [self._info.experiment_id],
                filter_string=f"tags.`{tag}` = '{value}'",
                max_results=_RUNS_A_PAGE,
                page_token=token,
            )
            found += map(FoundRun.of, page)
            token = page.token
            if not token:
                return found

    def find_run(self, run_id: str) -> FoundRun:
        """Return another run of the same server."""
        return FoundRun.of(self._client.get_run(run_id))

    def logged_points(self, run_id: str, names: Iterable[str]) -> set[tuple[str, int]]:
        """Return the name and step of each value that a run has of some metrics."""
        return {
            (name, int(metric.step))
            for name in names
            for metric in self._client.get_metric_history(run_id, name)
        }

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
