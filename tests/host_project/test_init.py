"""`kedro nas init` and its misuses in a project from `kedro new`."""

from __future__ import annotations

import json

import pytest
from tests.host_project.conftest import Host

pytestmark = pytest.mark.slow


def test_init_writes_three_files_and_says_what_is_next(host: Host) -> None:
    """A new project is set up by one command, which names the next ones."""
    done = host.kedro("nas", "init")

    assert done.returncode == 0, done.stderr
    for path in (
        "conf/base/parameters_nas.yml",
        "conf/base/catalog_nas.yml",
        "src/host/pipelines/nas/__init__.py",
    ):
        assert path in done.stdout
        assert (host.root / path).exists()
    assert "CONFIG_LOADER_ARGS" in done.stdout
    assert "__default__" in done.stdout
    assert "kedro nas check" in done.stdout
    assert "in logging.yml, below root:" in done.stdout
    listed = host.kedro("registry", "list")
    assert "- nas" in listed.stdout


def test_logging_as_init_advises_has_one_line_per_message(host: Host) -> None:
    """In Kedro's own logging configuration one line is changed, and nothing folded."""
    path = host.root / "conf/logging.yml"
    advised = "handlers: ext://kedro_nas.framework.log_output.HANDLERS"
    said = host.kedro("nas", "init").stdout
    text = path.read_text()
    assert advised in said
    assert advised not in text
    path.write_text(text.replace("handlers: [rich, info_file_handler]", advised))
    first, *_ = host.kedro("registry", "list").stdout.splitlines()

    assert "kedro.framework.project - INFO - Using" in first  # not rich's columns
    assert "as logging configuration" in first


def test_init_twice_refuses_and_changes_nothing(searching_host: Host) -> None:
    """Edited parameters are not lost by a second init."""
    path = "conf/base/parameters_nas.yml"
    searching_host.write(path, "nas: {seed: 7}\n")
    done = searching_host.kedro("nas", "init")

    assert done.returncode == 1
    assert "files that exist" in done.stderr
    assert "--force" in done.stderr
    assert (searching_host.root / path).read_text() == "nas: {seed: 7}\n"


def test_init_dry_run_as_json_writes_nothing(host: Host) -> None:
    """Another program can ask what would be written."""
    done = host.kedro("nas", "init", "--dry-run", "--json")
    value = json.loads(done.stdout[done.stdout.index("\n{") :])

    assert value["written"] is False
    assert len(value["files"]) == 5
    assert not (host.root / "conf/base/parameters_nas.yml").exists()


def test_run_of_a_pipeline_registered_by_hand_names_the_fix(host: Host) -> None:
    """Kedro looks for a folder; the message says how to get one."""
    host.write(
        "src/host/pipeline_registry.py",
        "from kedro.framework.project import find_pipelines\n"
        "from kedro_nas import create_pipeline\n"
        "def register_pipelines():\n"
        "    pipelines = find_pipelines(raise_errors=True)\n"
        "    pipelines['nas'] = create_pipeline()\n"
        "    return pipelines\n",
    )
    done = host.kedro("run", "--pipelines", "nas")

    assert done.returncode == 1
    assert "kedro nas init --update --pipeline-name nas" in done.stderr


def test_commands_in_a_project_without_search_name_init(host: Host) -> None:
    """Looking at a search that is not there says how to get one."""
    host.write(
        "src/host/pipeline_registry.py",
        "from kedro.pipeline import Pipeline\n"
        "def register_pipelines():\n"
        "    return {'__default__': Pipeline([])}\n",
    )
    done = host.kedro("nas", "show")

    assert done.returncode == 1
    assert "Write one with `kedro nas init`" in done.stderr


def test_info_lists_the_plugin(host: Host) -> None:
    """`kedro info` names the package and what it plugs in."""
    done = host.kedro("info")

    assert "kedro_nas" in done.stdout
    assert "hooks" in done.stdout
    assert "project" in done.stdout
