"""A stand-in for MLflow that remembers what it is told."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest


class Metric(NamedTuple):
    """`mlflow.entities.Metric`."""

    key: str
    value: float
    timestamp: int
    step: int


class Param(NamedTuple):
    """`mlflow.entities.Param`."""

    key: str
    value: str


class RunTag(NamedTuple):
    """`mlflow.entities.RunTag`."""

    key: str
    value: str


class FakeClient:
    """The calls of `MlflowClient` that are used, with MLflow's own limits."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {"parent": self._run()}

    @staticmethod
    def _run(**more: Any) -> dict[str, Any]:
        return {"metrics": [], "params": {}, "tags": {}, "artifacts": {}, **more}

    def create_run(self, experiment_id: str, **more: Any) -> Any:
        """Make a run."""
        run_id = f"run-{len(self.runs)}"
        self.runs[run_id] = self._run(experiment_id=experiment_id, **more)
        return SimpleNamespace(info=SimpleNamespace(run_id=run_id))

    def get_run(self, run_id: str) -> Any:
        """Return what a run has taken."""
        params = dict(self.runs[run_id]["params"])
        return SimpleNamespace(data=SimpleNamespace(params=params))

    def set_terminated(self, run_id: str, **more: Any) -> None:
        """End a run."""
        self.runs[run_id].update(more)

    def log_batch(
        self, run_id: str, metrics: Any = (), params: Any = (), tags: Any = ()
    ) -> None:
        """Take at most what MLflow takes at once."""
        assert len(metrics) <= 1000
        assert len(params) <= 100
        run = self.runs[run_id]
        run["metrics"] += metrics
        for param in params:
            if run["params"].get(param.key, param.value) != param.value:
                raise ValueError(f"{param.key} cannot be changed")
            run["params"][param.key] = param.value
        run["tags"].update(dict(tags))

    def log_text(self, run_id: str, text: str, place: str) -> None:
        """Take a text."""
        self.runs[run_id]["artifacts"][place] = text

    def log_artifact(self, run_id: str, path: str, folder: str) -> None:
        """Take a file."""
        self.runs[run_id]["artifacts"][f"{folder}/{path.rpartition('/')[2]}"] = path


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a module `mlflow` whose run `parent` is active."""
    module: Any = ModuleType("mlflow")
    client = FakeClient()
    module.client = client
    module.MlflowClient = lambda: client
    module.entities = SimpleNamespace(Metric=Metric, Param=Param, RunTag=RunTag)
    info = SimpleNamespace(run_id="parent", experiment_id="7")
    module.active_run = lambda: SimpleNamespace(info=info)
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return module
