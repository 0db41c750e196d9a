"""`kedro_nas.framework.tracking.live_searches`: which trackers a search has."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset
from tests.ledgers import HEAD, created, ended, started, write_lines

from kedro_nas import create_pipeline
from kedro_nas.framework.tracking.live_searches import LiveSearches

LINES = [*HEAD, created("a"), started("a"), ended("a", 0.5)]
(NODE,) = create_pipeline(namespace="defects.nas", stages=("search",)).nodes


def _search(workspace: Path, tensorboard: str | None) -> LiveSearches:
    """Tell of a search of one trial, as the hooks do."""
    options = MemoryDataset({"tensorboard": tensorboard})
    catalog = DataCatalog({"params:defects.nas.reporting": options})
    searches = LiveSearches()
    inputs: dict[str, Any] = {"defects.nas.workspace": workspace}
    searches.begin(NODE, catalog, inputs, workspace)
    write_lines(workspace / "search" / "ledger.jsonl", LINES)
    searches.search_is_over()
    searches.finish()
    return searches


def test_mlflow_is_told_where_a_run_is_active(mlflow: Any, tmp_path: Path) -> None:
    """The trial is nested in the run that is active when the search begins."""
    _search(tmp_path, None)
    _, trial = mlflow.client.runs.values()

    assert trial["tags"]["mlflow.parentRunId"] == "parent"
    assert trial["status"] == "FINISHED"
    assert [path.name for path in tmp_path.iterdir()] == ["search"]


def test_tensorboard_is_told_where_the_option_names_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also in a run of the search alone, whose nodes do not read that option."""
    importlib.import_module("tensorflow")  # as the hooks do before a search
    monkeypatch.delitem(sys.modules, "mlflow", raising=False)
    _search(tmp_path, "logs")

    assert [p.name for p in (tmp_path / "logs" / "defects.nas").iterdir()] == ["a"]
