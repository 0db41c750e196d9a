"""`kedro_nas.framework.results_so_far`: what is read of a run at any time."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from kedro.io import DataCatalog, MemoryDataset
from tests.ledgers import HEAD, created, ended, started, write_lines

from kedro_nas.datasets import WorkspaceDataset
from kedro_nas.framework.project import Search
from kedro_nas.framework.results_so_far import read_results_so_far
from kedro_nas.framework.run_status import RunStatus
from kedro_nas.records.job import JobResults
from kedro_nas.report.so_far import ResultsSoFar
from kedro_nas.stages import STAGE_NAMES


def _status(*done: str, running: bool = True) -> RunStatus:
    """Give the status of a run in which these stages are done."""
    stages = {name: name in done for name in STAGE_NAMES}
    now = next((name for name, is_done in stages.items() if not is_done), None)
    return RunStatus("nas", now, running, None, stages, None)


@pytest.fixture
def search(results: JobResults, tmp_path: Path) -> Search:
    """Give a search that has all outputs of a whole run."""
    made = {
        "dataset_profile": results.dataset_profile.to_json(),
        "search_space": results.search_space.model_dump(mode="json"),
        "trials": results.trials,
        "finalists": results.finalists.to_json(),
        "fold_scores": results.fold_scores,
        "ranking": results.ranking,
        "best_architecture": results.best_architecture.to_json(),
        "test_metrics": results.test_metrics.to_json(),
    }
    datasets = {f"nas.{name}": MemoryDataset(value) for name, value in made.items()}
    workspace = WorkspaceDataset(path=str(tmp_path))
    context = SimpleNamespace(env=None, config_loader={"parameters": {"nas": {}}})
    return Search("nas", context, DataCatalog({**datasets, "nas.workspace": workspace}))


def _read(search: Search, *done: str, running: bool = True) -> ResultsSoFar:
    found = read_results_so_far(search, _status(*done, running=running), "10:00")
    assert isinstance(found, ResultsSoFar)
    return found


def test_results_of_a_search_under_way_are_those_of_its_ledger(
    search: Search,
) -> None:
    """The trials of an earlier run, still in the catalog, are not this run's."""
    lines = [*HEAD, created("a"), started("a"), ended("a", 0.5)]
    write_lines(search.workspace / "search" / "ledger.jsonl", lines)
    found = _read(search, "data_preparation", "search_space")

    assert found.trials is not None
    assert found.trials["trial_id"].tolist() == ["a"]
    assert found.ranked is None
    assert found.state == "This run goes on: at 10:00 it is in the stage search."


def test_results_before_the_search_are_those_of_the_stages_that_are_done(
    search: Search,
) -> None:
    """What later stages left in an earlier run is not read."""
    nothing = _read(search)
    data = _read(search, "data_preparation")
    space = _read(search, *STAGE_NAMES[:2], running=False)

    assert nothing.dataset_profile is None
    assert data.dataset_profile is not None
    assert data.search_space is None
    assert space.search_space is not None
    assert space.search is None
    assert space.state == (
        "Nothing runs at 10:00, and the job is not done: next is search."
    )


def test_results_after_search_and_ranking_are_their_outputs(search: Search) -> None:
    """Each stage adds what it wrote."""
    searched = _read(search, *STAGE_NAMES[:3])
    ranked = _read(search, *STAGE_NAMES[:4])

    assert searched.search is not None
    assert searched.ranked is None
    assert ranked.ranked is not None
    assert ranked.ranked.best.key


def test_results_after_the_test_are_whole(search: Search, results: JobResults) -> None:
    """The page is then the report itself."""
    found = read_results_so_far(search, _status(*STAGE_NAMES[:5]), "10:00")

    assert isinstance(found, JobResults)
    assert found.test_metrics == results.test_metrics


def test_results_so_far_write_nothing(search: Search) -> None:
    """Whoever looks on leaves no file and takes no lock."""
    _read(search, "data_preparation", "search_space")

    assert list(search.workspace.iterdir()) == []
