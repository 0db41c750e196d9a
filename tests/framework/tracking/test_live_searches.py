"""`kedro_nas.framework.tracking.live_searches`: which trackers a search has."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset
from tests.ledgers import HEAD, created, ended, started, write_lines

from kedro_nas.framework.tracking.live_mlflow import MlflowTrials
from kedro_nas.framework.tracking.live_searches import LiveSearches

LINES = [*HEAD, created("a"), started("a"), ended("a", 0.5)]
SEARCHES = ("defects.nas", "nas")


def _search(workspace: Path, tensorboard: str | None) -> None:
    """Tell of a search of one trial, as the hooks do."""
    options = MemoryDataset({"tensorboard": tensorboard})
    catalog = DataCatalog({"params:defects.nas.reporting": options})
    searches, ledger = LiveSearches(), workspace / "search" / "ledger.jsonl"
    searches.begin_mlflow("defects.nas", ledger)
    searches.begin_tensorboard("defects.nas", ledger, catalog, workspace)
    write_lines(ledger, LINES)
    searches.search_is_over("defects.nas")
    searches.finish()


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


def test_search_that_ends_leaves_another_one_to_its_trackers(
    mlflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two searches in threads of one run are told of to the end of each."""
    told = threading.Event()
    after_look = MlflowTrials.after_look

    def noted(trials: MlflowTrials, ended_by: str | None) -> None:
        after_look(trials, ended_by)
        told.set()

    monkeypatch.setattr(MlflowTrials, "after_look", noted)
    searches = LiveSearches()
    ledger = tmp_path / "ledger.jsonl"
    searches.begin_mlflow("nas", ledger)
    searches.search_is_over("defects.nas")
    told.wait(10)
    told.clear()
    goes_on = told.wait(10)
    write_lines(ledger, LINES)
    searches.search_is_over("nas")
    searches.finish()

    assert goes_on
    assert len(mlflow.client.runs) == 2


def test_only_a_search_that_tensorboard_is_told_of_is_left_out_by_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trials of another search of the run are written at its end."""
    importlib.import_module("tensorflow")
    options = MemoryDataset({"tensorboard": "logs"})
    catalog = DataCatalog({"params:nas.reporting": options})
    searches = LiveSearches()
    for name in SEARCHES:
        searches.begin_tensorboard(name, tmp_path / "none", catalog, tmp_path)
    told = [name for name in SEARCHES if searches.tells_tensorboard(name)]
    searches.finish()

    assert told == ["nas"]
    assert not searches.tells_tensorboard("nas")
