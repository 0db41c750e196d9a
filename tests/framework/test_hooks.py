"""`kedro_nas.framework.hooks`: what a run says of itself while it goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset

from kedro_nas import create_pipeline
from kedro_nas.datasets import ReportDataset, WorkspaceDataset
from kedro_nas.errors import DataError, SearchSpaceError
from kedro_nas.framework import registered
from kedro_nas.framework.hooks import NasHooks

PIPELINE = create_pipeline(stages=("search_space",))
(NODE, *_) = PIPELINE.nodes
LIST_COMMANDS = "ours.nas.get_help(ours.click.Context(ours.nas))"  # kedro nas --help


@pytest.fixture
def catalog(tmp_path: Path) -> DataCatalog:
    """Give what the stage reads, and a workspace."""
    given: dict[str, Any] = {"seed": 0, "search_space": {}}
    return DataCatalog(
        {
            "nas.workspace": WorkspaceDataset(path=str(tmp_path)),
            "nas.dataset_profile": MemoryDataset({}),
            "nas.device_profiles": MemoryDataset({}),
            "params:nas": MemoryDataset(given),
            "params:nas.seed": MemoryDataset(0),
            "params:nas.search_space": MemoryDataset({}),
        }
    )


@pytest.mark.parametrize("end", ["after_pipeline_run", "on_pipeline_error"])
def test_run_is_marked_from_its_first_input_to_its_end(
    catalog: DataCatalog, tmp_path: Path, end: str
) -> None:
    """`kedro nas status` sees it, and `kedro nas clean` leaves it alone."""
    hooks = NasHooks()
    hooks.before_pipeline_run(PIPELINE, catalog, {})
    before = list(tmp_path.iterdir())
    hooks.before_dataset_loaded(NODE)
    during = [path.name for path in tmp_path.iterdir()]
    getattr(hooks, end)()

    assert before == []
    assert during == ["running.json"]
    assert list(tmp_path.iterdir()) == []


def test_run_is_marked_once_a_stage(catalog: DataCatalog, tmp_path: Path) -> None:
    """A stage's many inputs cost one synced write."""
    hooks = NasHooks()
    hooks.before_pipeline_run(PIPELINE, catalog, {})
    hooks.before_dataset_loaded(NODE)
    first = (tmp_path / "running.json").stat().st_ino
    hooks.before_dataset_loaded(NODE)

    assert (tmp_path / "running.json").stat().st_ino == first


def test_error_of_a_node_names_the_parameters_of_its_namespace() -> None:
    """A host with two searches reads which of them is meant, in any runner."""
    pipeline = create_pipeline(namespace="defects.nas", stages=("search_space",))
    (node, *_) = pipeline.nodes
    error = SearchSpaceError("too small", remedy="Raise nas.search_space.max_params")
    NasHooks().on_node_error(error, node)

    assert str(error) == "too small. Raise defects.nas.search_space.max_params."


def test_run_in_an_environment_is_advised_commands_that_name_it(
    catalog: DataCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing in conf/prod is written by a run that reads conf/prod."""
    monkeypatch.setattr(registered, "pipelines", {"nas": create_pipeline()})
    catalog["nas.dataset_profile"] = ReportDataset(filepath=str(tmp_path / "none"))
    hooks = NasHooks()
    loader = SimpleNamespace(merge_strategy={"parameters": "soft"})
    hooks._scope.context = SimpleNamespace(env="prod", config_loader=loader)

    with pytest.raises(DataError, match="kedro run --pipelines nas --env prod --to-"):
        hooks.before_pipeline_run(PIPELINE, catalog, {})


@pytest.mark.parametrize("end", ["after_pipeline_run", "on_pipeline_error"])
def test_run_keeps_other_runs_out_of_its_workspace_from_begin_to_end(
    catalog: DataCatalog, tmp_path: Path, end: str
) -> None:
    """Between two stages the workspace is this run's, too; afterwards it is free."""
    pipeline = create_pipeline(stages=("data_preparation",))
    catalog["images"] = MemoryDataset(([], []))
    options: dict[str, Any] = {"seed": 0, "data_preparation": {}}
    catalog["params:nas"] = MemoryDataset(options)
    catalog["params:nas.data_preparation"] = MemoryDataset({})
    other = (
        "import sys; from pathlib import Path\n"
        "from kedro_nas.writer_lock import hold_workspace\n"
        "with hold_workspace(Path(sys.argv[1])): pass"
    )
    hooks = NasHooks()

    def enter() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", other, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    hooks.before_pipeline_run(pipeline, catalog, {})
    refused = enter()
    getattr(hooks, end)()

    assert refused.returncode == 1
    assert f"process {os.getpid()} on" in refused.stderr
    assert enter().returncode == 0


@pytest.mark.parametrize(
    "program",
    [
        "import kedro_nas.framework.hooks",
        "import kedro_nas.pipeline_registry as ours; ours.register_pipelines()",
        "import kedro_nas.framework.commands.predict, kedro_nas.export.classify_images",
        "import kedro_nas.framework.commands.status",
        "import kedro_nas.framework.commands.check",
        f"import kedro_nas.framework.commands as ours; {LIST_COMMANDS}",
    ],
)
def test_start_of_a_command_imports_only_what_it_needs(program: str) -> None:
    """Hooks are imported by every command of Kedro; SciPy alone takes a second."""
    program += (
        "; import sys; heavy = {'scipy', 'sklearn', 'pandas', 'plotly', 'tensorflow'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_commands_of_kedro_wait_for_no_module_that_only_a_run_needs() -> None:
    """Each of them imports hooks and pipelines, whatever it does."""
    program = (
        "import sys\n"
        "import kedro_nas.framework.hooks\n"
        "from kedro_nas import create_pipeline\n"
        "create_pipeline()\n"
        "early = [name for name in sys.modules if name.startswith(tuple(sys.argv))]\n"
        "assert not early, early\n"
    )
    ours = ["records", "space", "framework.tracking", "framework.preflight"]
    late = [*(f"kedro_nas.{name}" for name in ours), "pandas", "pyarrow", "numpy"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *late],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
