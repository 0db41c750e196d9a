"""Runs that cannot be: one message, exit status 1, outputs untouched."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.host_project.conftest import Host, draw_images

pytestmark = pytest.mark.slow

PARAMETERS = "conf/base/parameters_nas.yml"
LOCAL = "conf/local/parameters_nas.yml"


def _png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((12, 12), np.uint8)).save(file, "PNG")
    return file.getvalue()


PNG = _png()

MISTAKES = {
    "misspelt option": (
        {LOCAL: "nas: {search: {bugdet_s: 3}}"},
        ["nas.search", "did you mean 'budget_s'"],
    ),
    "misspelt section": (
        {LOCAL: "nas: {serach: {budget_s: 3}}"},
        ["'nas.serach'", "Did you mean 'search'"],
    ),
    "misspelt nested option": (
        {LOCAL: "nas: {reporting: {costs: {curency: EUR}}}"},
        ["nas.reporting", "did you mean 'currency'"],
    ),
    "wrong type": (
        {LOCAL: "nas: {search: {budget_s: long}}"},
        ["nas.search", "budget_s='long'", "a number or 'auto'"],
    ),
    "option of an earlier version": (
        {LOCAL: "nas: {search: {workers: 2, pipeline_budget_s: 300}}"},
        [
            "workers: moved to nas.job.workers",
            "pipeline_budget_s: moved to nas.budget_s",
        ],
    ),
    "budget of no seconds": ({LOCAL: "nas: {budget_s: 0}"}, ["nas.budget_s", "null"]),
    "out of range": (
        {LOCAL: "nas: {export: {parity_images: 0}}"},
        ["nas.export", "at least 1"],
    ),
    "two mistakes at once": (
        {LOCAL: "nas: {export: {formats: []}, search: {factor: 1}}"},
        ["nas.export", "nas.search", "factor=1"],
    ),
    "null section": ({LOCAL: "nas: {export: null}"}, ["null", "`export: {}`"]),
    "no section": ({PARAMETERS: "a: 1"}, ["'nas' are missing", "kedro nas init"]),
    "seed": ({LOCAL: "nas: {seed: x}"}, ["nas.seed", "not an integer"]),
    "broken yaml": ({PARAMETERS: "nas: ["}, ["is not valid YAML", "parameters_nas"]),
    "list for a mapping": (
        {LOCAL: "nas: {ranking: [1]}"},
        ["TypeError", "a section of nas: is a mapping"],
    ),
    "misspelt dataset": (
        {
            "conf/local/catalog.yml": (
                "images: {type: kedro_nas.datasets.ImageDataset, path: data/01_raw}"
            )
        },
        ["'ImageDataset' not found", "ImagesDataset"],
    ),
    "given twice": (
        {"conf/base/parameters_more.yml": "nas: {seed: 3}"},
        ["parameters_more.yml", "Remove it from one of them"],
    ),
    "no images": ({}, ["data/01_raw/images", "ImagesDataset"]),
    "impossible bound": (
        {LOCAL: "nas: {search_space: {max_params: 10}}"},
        ["SearchSpaceError", "max_params"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_run_with_a_mistake_ends_in_one_message(
    name: str, searching_host: Host
) -> None:
    """What, received, allowed, what to do; no traceback; nothing written."""
    files, expected = MISTAKES[name]
    if name != "no images":
        draw_images(searching_host.root / "data" / "01_raw" / "images", per_class=12)
    for path, text in files.items():
        searching_host.write(path, text + "\n")
    done = searching_host.kedro("run", "--pipelines", "nas")
    output = done.stdout + done.stderr

    assert done.returncode == 1, output
    assert "Traceback" not in output
    assert "failed with error" not in output
    for part in expected:
        assert part in done.stderr, output
    assert not _written(searching_host.root) - {"dataset_profile.json"}


def _written(root: Path) -> set[str]:
    stages = ("05_model_input", "07_model_output", "08_reporting", "03_primary")
    return {
        path.name
        for stage in stages
        for path in (root / "data" / stage).rglob("*.*")
        if path.is_file() and path.suffix in {".json", ".csv", ".html"}
        if "dataset" not in path.parts
    }


# a table of images, and what the message says of it
BAD_TABLES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "empty": ({"image": [], "label": []}, ["is empty", "0 rows"]),
    "no label column": ({"image": [PNG] * 30}, ["no label column", "label_column"]),
    "label type": (
        {"image": [PNG] * 30, "label": [[1, 2]] * 30},
        ["a type that cannot be a class", "[1, 2] (list)"],
    ),
    "undecodable": (
        {"image": [b"no image"] * 9 + [PNG] * 21, "label": ["a", "b", "c"] * 10},
        ["9 of 30", "row 0", "max_bad_fraction"],
    ),
    "one class": (
        {"image": [PNG] * 30, "label": ["a"] * 30},
        ["1 class (a)", "at least 2 classes"],
    ),
    "class smaller than the folds": (
        {"image": [PNG] * 30, "label": ["a"] * 14 + ["b"] * 14 + ["c"] * 2},
        ["'c' 2", "n_folds"],
    ),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_run_on_bad_images_ends_in_one_message(name: str, searching_host: Host) -> None:
    """It ends before TensorFlow is imported, and an earlier run's files stay."""
    columns, expected = BAD_TABLES[name]
    pd.DataFrame(columns).to_parquet(searching_host.root / "bad.parquet")
    searching_host.write(
        "conf/local/catalog.yml",
        "images: {type: kedro_nas.datasets.ImagesDataset, path: bad.parquet}\n",
    )
    earlier = {
        "data/03_primary/nas/dataset_profile.json": '{"n_images": 3}',
        "data/07_model_output/nas/ranking.csv": "rank,name",
        "data/08_reporting/nas/report.html": "<html>",
    }
    for path, text in earlier.items():
        searching_host.write(path, text)
    done = searching_host.kedro("run", "--pipelines", "nas")

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.strip().startswith("DataError: ")
    for part in (*expected, "Received: ", "Allowed: "):
        assert part in done.stderr
    for path, text in earlier.items():
        assert (searching_host.root / path).read_text() == text


def test_run_without_conf_local_names_the_command(searching_host: Host) -> None:
    """Git does not keep empty folders, and Kedro needs this one."""
    for path in (searching_host.root / "conf" / "local").iterdir():
        path.unlink()
    (searching_host.root / "conf" / "local").rmdir()
    done = searching_host.kedro("run", "--pipelines", "nas")

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert f"mkdir -p {searching_host.root}/conf/local" in done.stderr


def test_run_of_a_late_stage_first_names_the_command(searching_host: Host) -> None:
    """A stage whose input was never written says how to write it."""
    done = searching_host.kedro("run", "--nodes", "nas.ranking.rank_finalists")

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "kedro run --pipelines nas --to-outputs nas." in done.stderr


def test_run_with_destructive_merge_warns_which_file(host: Host) -> None:
    """Kedro's default merge would drop every option but one; it is said."""
    assert host.kedro("nas", "init").returncode == 0
    host.write(LOCAL, "nas: {seed: 3}\n")
    done = host.kedro("run", "--pipelines", "nas")

    assert done.returncode == 1
    assert "CONFIG_LOADER_ARGS" in done.stdout + done.stderr
    assert LOCAL in done.stdout + done.stderr


def test_run_of_a_second_search_without_its_files_names_init(
    searching_host: Host,
) -> None:
    """A namespace has parameters of its own; the command that writes them is named."""
    searching_host.write(
        "src/host/pipelines/defects/__init__.py",
        "from kedro_nas import create_pipeline as create_search\n"
        "def create_pipeline(**kwargs):\n"
        "    return create_search(namespace='defects.nas')\n",
    )
    done = searching_host.kedro("run", "--pipelines", "defects")

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "kedro nas init --update --namespace defects.nas" in done.stderr
    assert "parameters_defects_nas.yml" in done.stderr


def test_run_without_an_entry_of_the_catalog_names_init(searching_host: Host) -> None:
    """An input that is a folder of ours is not the user's to write."""
    draw_images(searching_host.root / "data" / "01_raw" / "images", per_class=12)
    path = "conf/base/catalog_nas.yml"
    text = (searching_host.root / path).read_text()
    searching_host.write(path, text.replace("\nnas.workspace:", "\nnas.worksapce:"))
    done = searching_host.kedro("run", "--pipelines", "nas")

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "an entry 'nas.workspace'" in done.stderr
    assert "Write the entries of 'nas' with `kedro nas init --update`" in done.stderr


def test_run_with_the_hooks_in_settings_too_registers_them_once(
    searching_host: Host,
) -> None:
    """A plugin's hooks need no entry in `settings.HOOKS`, and bear one."""
    draw_images(searching_host.root / "data" / "01_raw" / "images", per_class=12)
    settings = (searching_host.package / "settings.py").read_text()
    searching_host.write(
        "src/host/settings.py",
        f"{settings}\n"
        "from kedro_nas.framework.hooks import NasHooks\n"
        "HOOKS = (NasHooks(),)\n",
    )
    done = searching_host.kedro(
        "run", "--to-nodes", "nas.data_preparation.prepare_images"
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_run_in_kedro_s_processes_names_the_runner(searching_host: Host) -> None:
    """The search makes processes of its own, and the workspace has one owner."""
    draw_images(searching_host.root / "data" / "01_raw" / "images", per_class=12)
    done = searching_host.kedro("run", "--runner", "ParallelRunner")

    assert done.returncode == 1
    assert "SequentialRunner" in done.stderr
    assert "Traceback" not in done.stderr


def test_run_of_a_host_without_the_search_ends_as_kedro_ends_it(host: Host) -> None:
    """No message of ours, no advice: Kedro's own traceback, of a typo and of a file."""
    host.write(
        "src/host/pipelines/theirs/__init__.py",
        "from kedro.pipeline import Node, Pipeline\n"
        "def read(rows):\n"
        "    return rows\n"
        "def create_pipeline(**kwargs):\n"
        "    return Pipeline([Node(read, 'params:rows', 'read')])\n",
    )
    typo = host.kedro("run", "--pipelines", "nothere")
    (host.root / "conf" / "base" / "parameters.yml").unlink(missing_ok=True)
    for path in (host.root / "conf" / "base").glob("catalog*.yml"):
        path.unlink()
    missing = host.kedro("run")

    for done in (typo, missing):
        assert done.returncode == 1
        assert "Traceback" in done.stderr
        assert "kedro-nas" not in done.stderr
        assert "kedro nas" not in done.stderr
        assert "mkdir" not in done.stderr
