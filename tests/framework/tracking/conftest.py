"""A stand-in for MLflow that remembers what it is told."""

from __future__ import annotations

import re
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


class Page(list[Any]):
    """`mlflow.store.entities.PagedList`."""

    token: str | None = None


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
        run = self.runs[run_id]
        data = SimpleNamespace(params=dict(run["params"]), tags=dict(run["tags"]))
        info = SimpleNamespace(run_id=run_id, status=run.get("status", "RUNNING"))
        return SimpleNamespace(data=data, info=info)

    def search_runs(
        self,
        experiment_ids: list[str],
        filter_string: str,
        max_results: int,
        page_token: str | None,
    ) -> Any:
        """Return the runs with a tag, two a page."""
        words = re.fullmatch(r"tags\.`(.+)` = '(.+)'", filter_string)
        assert words is not None
        assert experiment_ids == ["7"]
        tag, value = words.groups()
        found = [k for k, run in self.runs.items() if run["tags"].get(tag) == value]
        first = int(page_token or 0)
        page = Page(map(self.get_run, found[first : first + 2]))
        page.token = str(first + 2) if found[first + 2 :] else None
        return page

    def get_metric_history(self, run_id: str, name: str) -> list[Metric]:
        """Return all values of a metric."""
        return [one for one in self.runs[run_id]["metrics"] if one.key == name]

    def update_run(self, run_id: str, status: str) -> None:
        """Set the status of a run."""
        self.runs[run_id]["status"] = status

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
