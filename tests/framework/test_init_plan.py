"""`kedro_nas.framework.init_plan`: what `kedro nas init` changes in a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.pipeline import Node, Pipeline

from kedro_nas import create_pipeline
from kedro_nas.errors import ParameterError
from kedro_nas.framework import registered
from kedro_nas.framework.init_plan import Mode, ProjectFiles, Wish, make_plan

PARAMETERS = Path("conf/base/parameters_nas.yml")
CATALOG = Path("conf/base/catalog_nas.yml")
FOLDER = Path("src/host/pipelines/nas/__init__.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make the folders of a project."""
    (tmp_path / "src" / "host").mkdir(parents=True)
    (tmp_path / "conf" / "base").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def pipelines(monkeypatch: pytest.MonkeyPatch) -> dict[str, Pipeline]:
    """Register pipelines as a project does; a test adds them."""
    found: dict[str, Pipeline] = {"__default__": Pipeline([])}
    monkeypatch.setattr(registered, "pipelines", found)
    return found


def _plan(root: Path, **wish: Any) -> ProjectFiles:
    return make_plan(root, "host", root / "src", Wish(**wish))


def _write(root: Path, plan: ProjectFiles) -> None:
    for path, text in plan.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _edit(path: Path, *changes: tuple[str, str]) -> str:
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return text


@pytest.fixture
def ready(project: Path, pipelines: dict[str, Pipeline]) -> Path:
    """Set a search up, and let its owner change the files."""
    _write(project, _plan(project))
    pipelines["nas"] = create_pipeline()
    _edit(
        project / CATALOG,
        ("path: data/01_raw/images", "path: s3://photos  # mine"),
        (
            "nas.trials:",
            "# about theirs\ntheirs:\n  type: MemoryDataset\n\nnas.trials:",
        ),
        ("trials.parquet", "my_trials.parquet"),
    )
    _edit(
        project / PARAMETERS,
        ("  seed: 0", "  camera: {exposure: 3}  # mine\n  seed: 7"),
        ("nas:\n", "# about the team\nteam:\n  size: 3\n\nnas:\n"),
    )
    return project


def test_make_plan_again_changes_nothing(
    project: Path, pipelines: dict[str, Pipeline]
) -> None:
    """A project that is set up needs no second time."""
    _write(project, _plan(project))

    assert _plan(project).files == {}
    assert _plan(project, mode="update").files == {}
    assert _plan(project, mode="force").files.keys() <= {CATALOG}


@pytest.mark.parametrize(
    ("written", "variable", "is_added"),
    [
        (None, "", True),
        ("conf/logging.yml", "", False),
        ("conf/logging.yaml", "", False),
        (None, "conf/team_logging.yml", False),
    ],
)
def test_make_plan_adds_logging_where_the_project_configures_none(
    project: Path,
    pipelines: dict[str, Pipeline],
    monkeypatch: pytest.MonkeyPatch,
    written: str | None,
    variable: str,
    *,
    is_added: bool,
) -> None:
    """A logging configuration of the project stays, and stays the only one."""
    monkeypatch.setenv("KEDRO_LOGGING_CONFIG", variable)
    if written is not None:
        (project / written).write_text("version: 1\n")

    assert (Path("conf/logging.yml") in _plan(project).files) == is_added


def test_make_plan_advises_on_logging_that_folds_lines(
    project: Path, pipelines: dict[str, Pipeline]
) -> None:
    """Kedro's template folds them; advice that was followed is not given again."""
    path = project / "conf/logging.yml"
    folded = "handlers: {rich: {class: kedro.logging.RichHandler}}\n"
    path.write_text(folded)
    before = "\n".join(_plan(project).next_steps)
    path.write_text(
        f"{folded}root: {{handlers: ext://kedro_nas.framework.log_output.HANDLERS}}\n"
    )
    after = "\n".join(_plan(project).next_steps)

    assert "Log one line per message" in before
    assert "Log one line per message" not in after


@pytest.mark.parametrize("mode", ["update", "force"])
def test_make_plan_of_files_that_exist_leaves_logging_alone(
    ready: Path, mode: Mode
) -> None:
    """Who has removed our logging configuration does not get it again."""
    (ready / "conf/logging.yml").unlink()

    assert Path("conf/logging.yml") not in _plan(ready, mode=mode).files


def test_make_plan_force_keeps_what_is_the_users(ready: Path) -> None:
    """Ours is as new; their images, entries, sections and comments are as they were."""
    files = _plan(ready, mode="force").files
    catalog, parameters = files[CATALOG], files[PARAMETERS]

    assert yaml.safe_load(catalog)["images"]["path"] == "s3://photos"
    assert "path: s3://photos  # mine" in catalog
    assert "# about theirs\ntheirs:\n  type: MemoryDataset\n" in catalog
    assert "my_trials" not in catalog
    assert yaml.safe_load(parameters)["team"] == {"size": 3}
    assert "# about the team\n" in parameters
    assert "camera: {exposure: 3}  # mine" in parameters
    assert yaml.safe_load(parameters)["nas"]["seed"] == 0


def test_make_plan_force_of_a_nested_search_keeps_its_neighbours(
    project: Path, pipelines: dict[str, Pipeline]
) -> None:
    """`defects:` may hold more than the search."""
    path = project / "conf/base/parameters_defects_nas.yml"
    path.write_text("defects:\n  camera: 3  # mine\n  nas: {seed: 7, mine: 1}\n")
    plan = _plan(project, namespace="defects.nas", mode="force")
    value = yaml.safe_load(plan.files[path.relative_to(project)])

    assert value["defects"]["camera"] == 3
    assert value["defects"]["nas"]["mine"] == 1
    assert value["defects"]["nas"]["seed"] == 0


def test_make_plan_update_adds_what_is_missing_and_nothing_else(ready: Path) -> None:
    """What an older version did not write is added; every line of theirs stays."""
    whole = yaml.safe_load((ready / CATALOG).read_text())
    old = _edit(ready / CATALOG, ("nas.search_history:", "nas.old_name:"))
    older = (ready / PARAMETERS).read_text()
    cut = older.index("  reporting:")
    (ready / PARAMETERS).write_text(older[:cut])
    plan = _plan(ready, mode="update")

    assert plan.files[CATALOG].startswith(old)
    assert plan.files[PARAMETERS].startswith(older[:cut].rstrip())
    assert plan.added == {
        CATALOG: ["nas.search_history"],
        PARAMETERS: ["nas.reporting", "nas.prediction"],
    }
    added = yaml.safe_load(plan.files[CATALOG])
    assert added["nas.search_history"] == whole["nas.search_history"]
    assert FOLDER not in plan.files


def test_make_plan_update_leaves_what_is_in_another_file(
    ready: Path,
) -> None:
    """Kedro refuses an entry or an option that two files of one folder give."""
    _edit(ready / CATALOG, ("nas.trials:", "_nas.trials:"))
    (ready / "conf/base/catalog.yml").write_text("nas.trials: {type: MemoryDataset}\n")
    old = (ready / PARAMETERS).read_text()
    (ready / PARAMETERS).write_text(old[: old.index("  reporting:")])
    (ready / "conf/base/parameters.yml").write_text(
        "nas: {reporting: {}, prediction: {}}\n"
    )

    assert _plan(ready, mode="update").files == {}


def test_make_plan_new_leaves_out_what_is_in_another_file(
    project: Path, pipelines: dict[str, Pipeline]
) -> None:
    """The first `kedro run` does not end in 'Duplicate keys found'."""
    (project / "conf/base/catalog.yml").write_text(
        "images: {type: MemoryDataset}\nnas.model: {type: MemoryDataset}\n"
    )
    (project / "conf/base/parameters.yml").write_text("nas: {seed: 3}\n")
    files = _plan(project).files

    assert not {"images", "nas.model"} & set(yaml.safe_load(files[CATALOG]))
    assert "seed" not in yaml.safe_load(files[PARAMETERS])["nas"]


def _own(value: Any) -> Any:
    return value


@pytest.fixture
def team(pipelines: dict[str, Pipeline]) -> dict[str, Pipeline]:
    """Register a team's pipeline with a search in it."""
    search = create_pipeline(
        namespace="defects.nas",
        inputs={"images": "cleaned"},
        outputs={"model": "classifier"},
        parameters={"search": "shared.search"},
    )
    pipelines["team"] = search + Pipeline([Node(_own, "camera", "cleaned")])
    return pipelines


@pytest.mark.parametrize("no_pipeline", [True, False])
def test_make_plan_for_a_pipeline_of_the_host_reads_it(
    project: Path, team: dict[str, Pipeline], no_pipeline: bool
) -> None:
    """No second copy of its nodes, no entry its own node writes, its own names."""
    plan = _plan(project, namespace="defects.nas", no_pipeline=no_pipeline)
    parameters, catalog, *_ = plan.files.values()
    entries = yaml.safe_load(catalog)
    names = team["team"].datasets() - {"camera", "cleaned"}

    later = {"images_new", "defects.nas.predictions"}  # of `kedro nas predict`
    ours = {name for name in names if not name.startswith("params:")}

    assert set(entries) == ours | later
    assert "classifier" in entries
    assert "search" not in yaml.safe_load(parameters)["defects"]["nas"]
    assert "kedro run --pipelines team" in plan.next_steps[-1]


@pytest.mark.parametrize(
    ("env", "option"), [("base", ""), ("local", ""), ("staging", " --env staging")]
)
def test_make_plan_for_an_environment_names_it_in_each_command(
    project: Path, pipelines: dict[str, Pipeline], env: str, option: str
) -> None:
    """What is written into conf/staging is read by commands that name it only."""
    (said,) = _plan(project, env=env).next_steps[-1:]
    commands = [line.partition(":")[2].strip() for line in said.splitlines()]

    smoke = ["kedro run --pipelines nas --env smoke"] * (env == "base")
    assert commands == [
        f"kedro nas check{option}",
        *smoke,
        f"kedro run --pipelines nas{option}",
        f"kedro nas status{option}",
    ]


def test_make_plan_with_a_name_for_the_folder_writes_it(
    project: Path, pipelines: dict[str, Pipeline]
) -> None:
    """A search that is registered by hand gets the folder Kedro looks for."""
    pipelines["by_hand"] = create_pipeline()

    assert FOLDER in _plan(project, pipeline_name="nas").files


class _Broken(dict[str, Pipeline]):
    def values(self) -> Any:
        raise ImportError("theirs")


def test_make_plan_with_broken_pipelines_says_so_and_goes_on(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configuration may be written before the team's own code works."""
    monkeypatch.setattr(registered, "pipelines", _Broken())
    plan = _plan(project)

    assert len(plan.files) == 6
    assert "ImportError: theirs" in plan.next_steps[0]


@pytest.mark.parametrize("mode", ["new", "force", "update"])
@pytest.mark.parametrize("name", ["catalog_nas.yml", "catalog.yml", "parameters_x.yml"])
def test_make_plan_with_broken_yaml_names_the_file(
    project: Path, pipelines: dict[str, Pipeline], mode: Any, name: str
) -> None:
    """Nothing is guessed of what cannot be read."""
    (project / "conf" / "base" / name).write_text("images: [\n")

    with pytest.raises(ParameterError, match=rf"'conf/base/{name}' cannot be read"):
        _plan(project, mode=mode)


OLD = """\
nas:
  seed: 7
  data_preparation: {}
  search_space: {}
  search:
    budget_s: 240
    workers: 2  # mine
    reserved_share: 0.4
  ranking: {finalists: 3, seeds: 1}
  export: {}
  reporting: {}
"""


def test_make_plan_update_of_an_earlier_version_leads_to_this_one(
    ready: Path,
) -> None:
    """What is new is added, and each option that has moved is named with its place."""
    (ready / PARAMETERS).write_text(OLD)
    smoke = ready / "conf/smoke/parameters_nas.yml"
    smoke.parent.mkdir(exist_ok=True)
    smoke.write_text("nas: {ranking: {final_budget_s: 30}}\n")
    plan = _plan(ready, mode="update")
    text = "\n".join(plan.next_steps)

    assert plan.added[PARAMETERS] == ["nas.budget_s", "nas.job", "nas.prediction"]
    assert "    workers: 2  # mine\n" in plan.files[PARAMETERS]
    for said in (
        "conf/base/parameters_nas.yml:\n  nas.search.workers: moved to nas.job.workers",
        "nas.search.reserved_share: gone, each stage has its share of nas.budget_s",
        "nas.ranking.finalists: moved to nas.search.finalists",
        "nas.ranking.seeds: moved to nas.export.seeds",
        "smoke/parameters_nas.yml:\n  nas.ranking.final_budget_s: moved to nas.export.",
        "kedro nas init --force",
    ):
        assert said in text


def test_make_plan_of_a_current_project_speaks_of_nothing_that_moved(
    ready: Path,
) -> None:
    """Only who comes from an earlier version reads of it."""
    text = "\n".join(_plan(ready, mode="update").next_steps)

    assert "earlier versions" not in text
