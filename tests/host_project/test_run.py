"""Whole runs in a team's project."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.host_project.conftest import Host, draw_images

pytestmark = pytest.mark.slow

# Bounded by counts, so that two runs end alike on any machine.
SMALL = """
nas:
  data_preparation: {near_duplicates: false}
  search_space: {preset: tiny}
  budget_s: null
  job: {workers: 2}
  search: {max_trials: 3, max_epochs: 2, min_steps: 1, finalists: 1}
  ranking: {folds: 2, repeats: 1, epochs: 1}
  export: {epochs: 1}
"""
ONE_WORKER_AND_FORMAT = SMALL.replace("workers: 2", "workers: 1").replace(
    "export: {", "export: {formats: [keras], "
)
STAGES = (
    "data_preparation",
    "search_space",
    "search",
    "ranking",
    "export",
    "reporting",
)
# A team's own nodes around the search: one makes its images, one uses its model.
TEAM = """
from kedro.pipeline import Node, Pipeline
from kedro_nas import create_pipeline as create_search
from kedro_nas.datasets import ImagesDataset


def clean(raw):
    return raw


def describe(classifier):
    return {"inputs": list(classifier.input_shape)[1:]}


def create_pipeline(**kwargs):
    search = create_search(outputs={"model": "classifier"})
    return search + Pipeline([Node(describe, "classifier", "described")])
"""
CLASSIFIER = """
classifier:
  type: kedro_nas.datasets.KerasModelDataset
  filepath: data/06_models/classifier.keras
described:
  type: json.JSONDataset
  filepath: data/08_reporting/described.json
"""
CLOCKS = r"seconds|_s$|worker|memory"


@pytest.fixture(scope="module")
def finished(ready_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Run a team's pipeline with the search in it, once, by one command."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(ready_host.root, folder / "host")
    host = Host(folder / "host")
    draw_images(host.root / "data" / "01_raw" / "images")
    host.write("conf/local/parameters_nas.yml", SMALL)
    host.write("conf/base/catalog_team.yml", CLASSIFIER)
    host.write("src/host/pipelines/nas/__init__.py", TEAM)
    done = host.kedro("run", "--pipelines", "nas")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return host


def _results(host: Host) -> dict[str, Any]:
    folder = host.root / "data" / "07_model_output" / "nas"
    trials = pd.read_parquet(folder / "trials.parquet")
    ranking = pd.read_csv(folder / "ranking.csv")
    best = json.loads((folder / "best_architecture.json").read_text())
    best = {k: v for k, v in best.items() if k not in ("seconds", "budget")}
    return {
        "trials": json.loads(_without_clocks(trials).to_json()),
        "ranking": json.loads(_without_clocks(ranking).to_json()),
        "best_architecture": best,
    }


def _without_clocks(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.loc[:, ~frame.columns.str.contains(CLOCKS)]


def test_run_in_a_team_pipeline_feeds_their_own_node(finished: Host) -> None:
    """One `kedro run`: their images, the search, their node that uses the model."""
    described = finished.root / "data" / "08_reporting" / "described.json"

    assert json.loads(described.read_text()) == {"inputs": [12, 12, 1]}


def test_run_exports_what_it_reports(finished: Host) -> None:
    """Exports were proven equal, the test was read, the page was written."""
    data = finished.root / "data"
    exports = data / "06_models" / "nas" / "exports"
    parity = json.loads((exports / "parity.json").read_text())
    metrics = json.loads((data / "08_reporting/nas/test_metrics.json").read_text())

    assert all(row["max_difference"] < 1e-4 for row in parity.values())
    assert 0 <= metrics["accuracy"] <= 1
    assert "<html" in (data / "08_reporting/nas/report.html").read_text()[:500].lower()


def test_show_and_status_of_a_finished_run(finished: Host) -> None:
    """The winner is shown with its code; nothing is left to do."""
    shown = finished.kedro("nas", "show")
    source = finished.kedro("nas", "show", "--source")
    status = finished.kedro("nas", "status", "--json")
    value = json.loads(status.stdout[status.stdout.index("\n{") :])

    assert "Winner: " in shown.stdout
    assert "Test: " in shown.stdout
    assert "def build_model" in source.stdout
    assert value["stage"] is None
    assert value["running"] is False
    assert value["search"]["trials"]["completed"] > 0


def test_export_of_another_network_needs_no_second_search(
    finished: Host, tmp_path: Path
) -> None:
    """Any row of the table is trained and written; what the run exported stays."""
    shutil.copytree(finished.root, tmp_path / "host")
    host = Host(tmp_path / "host")
    host.write("conf/local/parameters_nas.yml", ONE_WORKER_AND_FORMAT)
    data = host.root / "data"
    folder = data / "07_model_output" / "nas"
    table = pd.read_csv(folder / "pareto_table.csv")
    trials = pd.read_parquet(folder / "trials.parquet")
    other = str(table["key"].iloc[0])
    before = (data / "06_models/nas/exports/SHA256SUMS").read_text()
    longer = ("--params", "nas.export.epochs=2")  # another model than the run's
    command = ("nas", "export", "--architecture", other[:7], *longer)
    unknown = host.kedro("nas", "export", "--architecture", "zzz")
    done = host.kedro(*command, "--test", "--json")
    again = host.kedro(*command)

    assert set(table["key"]) == set(trials.loc[trials["score"].notna(), "key"])
    assert table["on_front_params"].any()
    assert unknown.returncode == 1
    assert "the search has no such architecture" in unknown.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    value = json.loads(done.stdout[done.stdout.index("{") :])
    exports = data / "06_models" / "nas" / f"exports_{other[:8]}"
    parity = json.loads((exports / "parity.json").read_text())
    assert value["key"] == other
    assert value["final_fit"]["epochs"] == 2
    assert all(row["max_difference"] < 1e-4 for row in parity.values())
    assert again.returncode == 1
    assert "which exists" in again.stderr
    assert value["test"]["reads"] == 2
    assert (exports / "test_metrics.json").is_file()
    assert (data / "06_models/nas/exports/SHA256SUMS").read_text() == before


def test_check_predicts_without_training(finished: Host) -> None:
    """Time, memory and disk are said as `--params` would have them; nothing changes."""
    before = _results(finished)
    done = finished.kedro("nas", "check", "--params", "nas.budget_s=900")
    wrong = finished.kedro("nas", "check", "--params", "nas.job.objective=f1")

    assert done.returncode == 0, done.stderr
    assert "are fine" in done.stdout
    assert "15 min" in done.stdout
    assert "GiB of memory" in done.stdout
    assert _results(finished) == before
    assert wrong.returncode == 1
    assert "objective='f1'" in wrong.stderr


def test_viz_build_previews_what_the_run_found(finished: Host) -> None:
    """Leaderboard, figures, model, architecture and report appear in kedro-viz."""
    pytest.importorskip("kedro_viz")
    done = finished.kedro("viz", "build", "--include-previews")
    assert done.returncode == 0, done.stderr
    api = finished.root / "build" / "api"
    main = json.loads((api / "main").read_text())
    kinds = {
        node["name"]: json.loads((api / "nodes" / node["id"]).read_text()).get(
            "preview_type"
        )
        for node in main["nodes"]
        if node["type"] == "data"
    }

    assert main["layers"] == [
        "raw",
        "primary",
        "model_input",
        "model_output",
        "models",
        "reporting",
    ]
    assert kinds["nas.ranking"] == kinds["nas.trials"] == "TablePreview"
    assert kinds["nas.report"] == "HTMLPreview"
    assert kinds["nas.learning_curves"] == kinds["nas.pareto_front"] == "PlotlyPreview"
    assert kinds["nas.best_architecture"] == kinds["classifier"] == "JSONPreview"


def test_run_as_six_processes_finds_the_same(finished: Host, tmp_path: Path) -> None:
    """Stages share nothing but the catalog; one worker finds what two found."""
    shutil.copytree(finished.root, tmp_path / "host")
    again = Host(tmp_path / "host")
    for place in again.root.glob("data/0[2-8]*/nas"):
        shutil.rmtree(place)
    again.write("conf/local/parameters_nas.yml", ONE_WORKER_AND_FORMAT)
    for stage in STAGES:
        done = again.kedro("run", "--pipelines", "nas", "--tags", stage)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        shutil.rmtree(again.root / "data/06_models/nas/workspace", ignore_errors=True)

    assert _results(again) == _results(finished)
