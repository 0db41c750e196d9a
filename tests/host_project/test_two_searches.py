"""Two searches side by side in one project: `defects.nas` and `scratches.nas`.

To their end they are run in test_how_to.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.host_project.conftest import Host, draw_images

pytestmark = pytest.mark.slow

NAMES = ("defects", "scratches")


@pytest.fixture(scope="module")
def two(plain_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Set up two searches on folders of their own and run both up to their space."""
    root = tmp_path_factory.mktemp("two") / "host"
    shutil.copytree(plain_host.root, root)
    host = Host(root)
    for number, name in enumerate(NAMES):
        folder = f"data/01_raw/{name}"
        draw_images(root / folder, per_class=12 + 12 * number)
        done = host.kedro(
            *("nas", "init", "--namespace", f"{name}.nas"),
            *("--input", f"{name}_images", "--path", folder, "--preset", "tiny"),
        )
        assert done.returncode == 0, done.stderr
        assert f"kedro nas check --namespace {name}.nas" in done.stdout
    done = host.kedro(
        *("run", "--pipelines", "defects_nas,scratches_nas"),
        *(
            "--to-nodes",
            ",".join(f"{n}.nas.search_space.build_search_space" for n in NAMES),
        ),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return host


def _profile(host: Host, name: str) -> dict[str, Any]:
    path = host.root / f"data/03_primary/{name}/nas/dataset_profile.json"
    value: dict[str, Any] = json.loads(path.read_text())
    return value


def test_init_twice_writes_files_that_do_not_meet(two: Host) -> None:
    """Each search has its own parameters, catalog entries, folder and data.

    Both read the profiles of one folder of devices.
    """
    parameters, entries = {}, []
    for name in NAMES:
        base = two.root / "conf" / "base"
        text = (base / f"parameters_{name}_nas.yml").read_text()
        parameters[name] = yaml.safe_load(text)[name]["nas"]
        text = (base / f"catalog_{name}_nas.yml").read_text()
        entries.append(yaml.safe_load(text))
        assert (two.package / "pipelines" / f"{name}_nas" / "__init__.py").exists()
    places = [
        {entry.get("filepath") or entry["path"] for entry in one.values()}
        for one in entries
    ]

    assert parameters["defects"] == parameters["scratches"]
    assert parameters["defects"]["search_space"]["preset"] == "tiny"
    assert not set(entries[0]) & set(entries[1])
    assert places[0] & places[1] == {"data/01_raw/devices"}  # read by both


def test_run_of_both_keeps_them_apart(two: Host) -> None:
    """One command, two data sets, two spaces, no file in common."""
    images = [_profile(two, name)["n_images"] for name in NAMES]

    assert images == [36, 72]
    for name in NAMES:
        space = two.root / f"data/05_model_input/{name}/nas/search_space.json"
        assert json.loads(space.read_text())["n_classes"] == 3


def test_commands_ask_which_search_is_meant(two: Host) -> None:
    """With two searches, a command needs a name, and says which there are."""
    asked = two.kedro("nas", "status")
    named = two.kedro("nas", "status", "--namespace", "scratches.nas", "--json")
    value = json.loads(named.stdout[named.stdout.index("\n{") :])

    assert asked.returncode == 1
    assert "defects.nas, scratches.nas" in asked.stderr
    assert "--namespace" in asked.stderr
    assert value["namespace"] == "scratches.nas"
    assert value["stages"]["search_space"]
    assert not value["stages"]["search"]


def test_mistake_in_one_search_names_it(two: Host, tmp_path: Path) -> None:
    """Which of two sections of the same name is wrong is said."""
    shutil.copytree(two.root, tmp_path / "host")
    host = Host(tmp_path / "host")
    path = "conf/base/parameters_scratches_nas.yml"
    text = (host.root / path).read_text()
    host.write(path, text.replace("max_trials:", "max_trails:", 1))
    wrong = host.kedro("run", "--pipelines", "scratches_nas")
    right = host.kedro(
        *("run", "--pipelines", "defects_nas"),
        *("--to-nodes", "defects.nas.search_space.build_search_space"),
    )

    assert wrong.returncode == 1
    assert "'scratches.nas.search'" in wrong.stderr
    assert "did you mean 'max_trials'" in wrong.stderr
    assert right.returncode == 0, right.stderr


def test_clean_of_one_leaves_the_other(two: Host, tmp_path: Path) -> None:
    """Removing a search's files is about that search only."""
    shutil.copytree(two.root, tmp_path / "host")
    host = Host(tmp_path / "host")
    done = host.kedro("nas", "clean", "--namespace", "defects.nas", "--all", "--yes")

    assert done.returncode == 0, done.stderr
    assert not (host.root / "data/03_primary/defects/nas/dataset_profile.json").exists()
    assert _profile(host, "scratches")["n_images"] == 72
    assert (host.root / "data/01_raw/defects/bars/0.png").exists()
