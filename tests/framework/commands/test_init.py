"""`kedro nas init`: what becomes of files that exist."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from kedro.framework.project import settings
from kedro.pipeline import Pipeline

from kedro_nas.framework import registered
from kedro_nas.framework.commands import nas

CATALOG = "conf/base/catalog_nas.yml"
SMOKE = "conf/smoke/parameters_nas.yml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project without pipelines."""
    (tmp_path / "src" / "host").mkdir(parents=True)
    monkeypatch.setattr(registered, "pipelines", {"__default__": Pipeline([])})
    return tmp_path


def _init(project: Path, *options: str) -> Result:
    metadata: Any = SimpleNamespace(
        project_path=project, package_name="host", source_dir=project / "src"
    )
    return CliRunner().invoke(nas, ["init", *options], obj=metadata)


def _write(project: Path, path: str, text: str) -> Path:
    file = project / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_init_force_keeps_what_it_replaces(project: Path) -> None:
    """Every former state is beside the new one, however often it is forced."""
    assert _init(project).exit_code == 0
    file = project / CATALOG
    for number in (1, 2):
        edited = file.read_text().replace("trials.parquet", f"mine_{number}.parquet")
        file.write_text(edited)
        done = _init(project, "--force", "--json")
        kept = json.loads(done.output)["kept"][CATALOG]

        assert (project / kept).read_text() == edited
        assert "mine" not in file.read_text()
    assert kept == f"{CATALOG}.bak2"


@pytest.mark.parametrize("options", [(), ("--update",)])
@pytest.mark.parametrize("name", ["parameters_nas.yml", "parameters.yml"])
def test_init_leaves_a_smoke_environment_of_the_project_alone(
    project: Path, options: tuple[str, ...], name: str
) -> None:
    """It gets neither a second file with the same keys nor other folders."""
    file = _write(project, f"conf/smoke/{name}", "nas: {search: {max_trials: 2}}\n")
    done = _init(project, *options)

    assert done.exit_code == 0
    assert list(file.parent.iterdir()) == [file]
    assert file.read_text() == "nas: {search: {max_trials: 2}}\n"


def test_init_adds_to_a_smoke_environment_without_the_search(project: Path) -> None:
    """An entry that it has already stays the only one."""
    _write(project, "conf/smoke/parameters.yml", "team: {size: 3}\n")
    _write(project, "conf/smoke/catalog.yml", "nas.trials: {type: MemoryDataset}\n")
    _init(project, "--update")
    entries = yaml.safe_load((project / "conf/smoke/catalog_nas.yml").read_text())

    assert "max_trials" in (project / SMOKE).read_text()
    assert "nas.model" in entries
    assert "nas.trials" not in entries


def test_init_force_replaces_the_search_in_a_smoke_environment(project: Path) -> None:
    """What else its file has stays, keys of others are not repeated, a copy is kept."""
    old = "team: {size: 1}\nnas: {seed: 3, search: {}}\n"
    _write(project, SMOKE, old)
    _write(project, "conf/smoke/parameters.yml", "nas: {export: {epochs: 9}}\n")
    done = _init(project, "--force", "--json")
    kept = json.loads(done.output)["kept"][SMOKE]
    value = yaml.safe_load((project / SMOKE).read_text())

    assert (project / kept).read_text() == old
    assert value["team"] == {"size": 1}
    assert value["nas"]["search"]["max_trials"] == 6
    assert "export" not in value["nas"]


@pytest.mark.parametrize(
    ("base", "env", "has_smoke"),
    [("base", "base", True), ("common", "common", True), ("common", "base", False)],
)
def test_init_writes_smoke_beside_the_base_environment_only(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    base: str,
    env: str,
    *,
    has_smoke: bool,
) -> None:
    """A run with `--env smoke` reads the base environment too, and no third one."""
    monkeypatch.setitem(settings.CONFIG_LOADER_ARGS, "base_env", base)
    done = _init(project, "--env", env, "--no-pipeline", "--json")

    assert (project / SMOKE).exists() == has_smoke
    assert ("--env smoke" in json.loads(done.output)["next"][-1]) == has_smoke


def test_init_update_names_what_it_adds(project: Path) -> None:
    """The owner reads what is new."""
    assert _init(project).exit_code == 0
    file = project / CATALOG
    file.write_text(file.read_text().replace("nas.trials:", "nas.tirals:"))
    done = _init(project, "--update")

    assert f"{CATALOG}  (added nas.trials)" in done.output
    assert not list(project.rglob("*.bak*"))
    assert "There is nothing to add" in _init(project, "--update").output


@pytest.mark.parametrize("options", [(), ("--force",), ("--update",)])
def test_init_with_broken_yaml_writes_nothing(
    project: Path, options: tuple[str, ...]
) -> None:
    """One message, exit status 1, every file as it was."""
    (project / "conf" / "base").mkdir(parents=True)
    (project / CATALOG).write_text("images: [\n")
    done = _init(project, *options)

    assert done.exit_code == 1
    assert f"Error: '{CATALOG}' cannot be read. Received: " in done.output
    assert "Correct it, or move it away" in done.output
    assert [path.name for path in project.rglob("*.*")] == ["catalog_nas.yml"]


def test_init_update_and_force_exclude_each_other(project: Path) -> None:
    """One adds, one replaces."""
    done = _init(project, "--update", "--force")

    assert done.exit_code == 1
    assert "Received: --update and --force" in done.output
