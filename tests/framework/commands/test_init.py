"""`kedro nas init`: what becomes of files that exist."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kedro.pipeline import Pipeline

from kedro_nas.framework import registered
from kedro_nas.framework.commands import nas

CATALOG = "conf/base/catalog_nas.yml"


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


def test_init_force_keeps_a_smoke_environment_it_replaces(project: Path) -> None:
    """Numbers of the project's own smoke run are still there."""
    file = project / "conf/smoke/parameters_nas.yml"
    file.parent.mkdir(parents=True)
    file.write_text("nas: {seed: 3}\n")
    done = _init(project, "--force", "--json")
    kept = json.loads(done.output)["kept"]["conf/smoke/parameters_nas.yml"]

    assert (project / kept).read_text() == "nas: {seed: 3}\n"
    assert "max_trials" in file.read_text()


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
