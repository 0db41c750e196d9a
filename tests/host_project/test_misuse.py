"""Runs that cannot be: one message, exit status 1, outputs untouched."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.host_project.conftest import Host, draw_images

pytestmark = pytest.mark.slow

PARAMETERS = "conf/base/parameters_nas.yml"
LOCAL = "conf/local/parameters_nas.yml"


def _edit(host: Host, path: str, old: str, new: str) -> None:
    text = (host.root / path).read_text()
    assert old in text
    host.write(path, text.replace(old, new, 1))


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
        ["nas.search", "budget_s='long'"],
    ),
    "out of range": (
        {LOCAL: "nas: {export: {parity_images: 0}}"},
        ["nas.export", "greater than or equal to 1"],
    ),
    "two mistakes at once": (
        {LOCAL: "nas: {export: {formats: []}, search: {factor: 1}}"},
        ["nas.export", "nas.search", "factor=1"],
    ),
    "null section": ({LOCAL: "nas: {export: null}"}, ["null", "`export: {}`"]),
    "no section": ({PARAMETERS: "a: 1"}, ["'nas' are missing", "kedro nas init"]),
    "seed": ({LOCAL: "nas: {seed: x}"}, ["nas.seed", "not an integer"]),
    "broken yaml": ({PARAMETERS: "nas: ["}, ["is not valid YAML", "parameters_nas"]),
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
    done = searching_host.kedro("run", "--nodes", "nas.rank_finalists")

    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert 'kedro run --to-outputs "nas.' in done.stderr


def test_run_with_destructive_merge_warns_which_file(host: Host) -> None:
    """Kedro's default merge would drop every option but one; it is said."""
    assert host.kedro("nas", "init").returncode == 0
    host.write(LOCAL, "nas: {seed: 3}\n")
    done = host.kedro("run", "--pipelines", "nas")

    assert done.returncode == 1
    assert "CONFIG_LOADER_ARGS" in done.stdout + done.stderr
    assert LOCAL in done.stdout + done.stderr
