"""`kedro_nas.framework.preflight`: what must hold before a run begins."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro_datasets.json import JSONDataset

from kedro_nas import create_pipeline
from kedro_nas.errors import DataError, ParameterError
from kedro_nas.framework.preflight import (
    check_inputs,
    check_sections,
    warn_of_destructive_merge,
    warn_of_memory,
)

PIPELINE = create_pipeline(stages=("search_space",))
GIVEN = {"seed": 0, "search_space": {}, "search": {}}
SEARCH = create_pipeline(stages=("search",))
WHOLE = {**GIVEN, "budget_s": 60, "job": {}}


def _catalog(parameters: Any) -> DataCatalog:
    catalog = DataCatalog()
    catalog["parameters"] = parameters
    for name, value in parameters.items():
        catalog[f"params:{name}"] = value
        if isinstance(value, dict):
            for leaf, deeper in value.items():
                catalog[f"params:{name}.{leaf}"] = deeper
    return catalog


def _make() -> dict[str, Any]:
    return {}


def test_check_sections_of_complete_parameters_is_silent() -> None:
    """Extra keys of a shared namespace are nobody's business."""
    catalog = _catalog({"nas": {**GIVEN, "camera": {"exposure": 3}}})

    assert check_sections(PIPELINE.nodes, catalog) is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "'nas' are missing.*kedro nas init"),
        ({"nas": None}, "'nas' are missing"),
        ({"nas": {"seed": 0}}, "'nas.search_space' are missing.*Add `search_space"),
        ({"nas": {"seed": 0, "serch_space": {}}}, "Rename 'serch_space'"),
        ({"nas": {**GIVEN, "serach": {}}}, "Did you mean 'search'"),
        ({"nas": {**GIVEN, "search_space": None}}, "are null.*search_space: {}"),
        ({"nas": {**GIVEN, "seed": "x"}}, "not an integer. Received: 'x'"),
        ({"nas": {**GIVEN, "seed": True}}, "not an integer"),
        ({"nas": {**GIVEN, "seed": 1.5}}, "not an integer"),
    ],
)
def test_check_sections_of_a_mistake_names_the_remedy(
    parameters: dict[str, Any], message: str
) -> None:
    """Missing, null and misspelt sections are told apart."""
    with pytest.raises(ParameterError, match=message):
        check_sections(PIPELINE.nodes, _catalog(parameters))


@pytest.mark.parametrize("budget_s", [60, 0.5, None])
def test_check_sections_of_a_budget_accepts_seconds_or_null(budget_s: Any) -> None:
    """Null is no limit, not a section somebody forgot to fill."""
    catalog = _catalog({"nas": {**WHOLE, "budget_s": budget_s}})

    assert check_sections(SEARCH.nodes, catalog) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget_s": 0}, "'nas.budget_s' is not valid.*or null for no limit"),
        ({"budget_s": "1 h"}, "Received: '1 h'.*budget_s: 3600"),
        ({"job": None}, "'nas.job' are null"),
    ],
)
def test_check_sections_of_what_stages_share_names_the_remedy(
    changes: dict[str, Any], message: str
) -> None:
    """The budget and the section `job` are checked before anything runs."""
    with pytest.raises(ParameterError, match=message):
        check_sections(SEARCH.nodes, _catalog({"nas": {**WHOLE, **changes}}))


@pytest.mark.parametrize(
    ("missing", "hint"),
    [("budget_s", "Add `budget_s: 3600`"), ("job", "Add `job: {}`")],
)
def test_check_sections_of_an_earlier_version_leads_to_init(
    missing: str, hint: str
) -> None:
    """A parameters file without them was written before they existed."""
    given = {name: value for name, value in WHOLE.items() if name != missing}

    with pytest.raises(ParameterError, match=f"'nas.{missing}' are missing") as raised:
        check_sections(SEARCH.nodes, _catalog({"nas": given}))
    assert hint in str(raised.value)
    assert "kedro nas init --update" in str(raised.value)


def test_check_sections_of_a_shared_budget_reads_it_where_it_is() -> None:
    """Two searches may have one budget each, of one size, in one place."""
    pipeline = create_pipeline(
        stages=("search",), parameters={"budget_s": "shared.budget_s"}
    )
    given = {name: value for name, value in WHOLE.items() if name != "budget_s"}

    def check(shared: Any) -> None:
        check_sections(pipeline.nodes, _catalog({"nas": given, "shared": shared}))

    assert check({"budget_s": None}) is None
    with pytest.raises(ParameterError, match=r"'shared\.budget_s' are missing"):
        check({"seed": 1})
    with pytest.raises(ParameterError, match=r"'shared\.budget_s' is not valid"):
        check({"budget_s": -1})


def test_check_inputs_not_in_the_catalog_asks_for_an_entry() -> None:
    """A host without images is told how to add them."""
    pipeline = create_pipeline(stages=("data_preparation",))
    catalog = DataCatalog({"nas.workspace": MemoryDataset(Path())})

    with pytest.raises(DataError, match=r"'images'.*ImagesDataset"):
        check_inputs(pipeline, pipeline.nodes, catalog)


def test_check_inputs_without_a_folder_of_images_asks_for_one_that_exists(
    tmp_path: Path,
) -> None:
    """What no run writes is put there by the user."""
    pipeline = create_pipeline(stages=("data_preparation",))
    images = JSONDataset(filepath=str(tmp_path / "imagez"))
    catalog = DataCatalog({"images": images, "nas.workspace": MemoryDataset(tmp_path)})

    with pytest.raises(DataError, match="imagez, which does not exist") as error:
        check_inputs(pipeline, pipeline.nodes, catalog)
    assert error.value.allowed == "a file or folder that exists"


def test_check_inputs_never_written_names_the_command(tmp_path: Path) -> None:
    """A stage run alone too early says what to run first."""
    profile = JSONDataset(filepath=str(tmp_path / "profile.json"))
    catalog = DataCatalog({"nas.dataset_profile": profile})

    with pytest.raises(DataError, match=r"profile.json, which does not exist") as error:
        check_inputs(PIPELINE, PIPELINE.nodes, catalog)
    assert "kedro run --pipelines nas --to-outputs nas.dataset_profile" in str(
        error.value
    )


def test_check_inputs_in_another_environment_names_it_in_the_command() -> None:
    """The command mends the environment that is run, not Kedro's default."""
    pipeline = create_pipeline(namespace="defects.nas", stages=("search_space",))
    catalog = DataCatalog(
        {"defects.nas.dataset_profile": JSONDataset(filepath="none.json")}
    )
    command = "kedro run --pipelines defects_nas --env smoke --to-outputs defects.nas."

    with pytest.raises(DataError, match=command):
        check_inputs(pipeline, pipeline.nodes, catalog, env="smoke")


def test_check_sections_shared_by_searches_names_the_hosts_name() -> None:
    """A section that `parameters=` takes from elsewhere is looked for there."""
    pipeline = create_pipeline(
        stages=("search_space",),
        parameters={"search_space": "shared.space", "seed": "shared.seed"},
    )
    shared = {"space": {}, "seed": 1, "serach": "theirs"}

    assert check_sections(pipeline.nodes, _catalog({"shared": shared})) is None
    with pytest.raises(ParameterError, match=r"'shared\.space' are missing"):
        check_sections(pipeline.nodes, _catalog({"shared": {"seed": 1}}))
    with pytest.raises(ParameterError, match=r"the seed 'shared\.seed' is not"):
        check_sections(pipeline.nodes, _catalog({"shared": {"space": {}, "seed": "x"}}))


def test_check_inputs_written_by_another_node_are_not_asked_for() -> None:
    """What a host's own node writes earlier in the run need not exist yet."""
    clean = Node(_make, None, "nas.dataset_profile", name="clean", namespace="nas")
    whole = Pipeline([clean]) + PIPELINE
    catalog = DataCatalog({"nas.device_profiles": MemoryDataset({})})

    assert check_inputs(whole, PIPELINE.nodes, catalog) is None


@pytest.mark.parametrize(("strategy", "warns"), [({}, True), ("soft", False)])
def test_warn_of_destructive_merge_when_local_would_replace_all(
    strategy: Any, warns: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One key in conf/local replaces all of `nas:` unless parameters merge softly."""
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "parameters_nas.yml").write_text("nas: {seed: 1}\n")
    loader = SimpleNamespace(
        conf_source=str(tmp_path),
        env=None,
        default_run_env="local",
        merge_strategy={"parameters": strategy} if strategy else {},
    )
    warn_of_destructive_merge(SimpleNamespace(config_loader=loader), PIPELINE.nodes)

    assert ("CONFIG_LOADER_ARGS" in caplog.text) is warns


def test_warn_of_memory_names_what_no_entry_keeps(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A later task would find nothing; an output the host renamed is the host's."""
    pipeline = create_pipeline(
        namespace="defects.nas", stages=("search",), outputs={"trials": "theirs"}
    )
    warn_of_memory(pipeline.nodes, DataCatalog())

    assert "no entry for defects.nas.finalists:" in caplog.text
    assert "kedro nas init --update --namespace defects.nas" in caplog.text
    caplog.clear()
    kept = DataCatalog({"defects.nas.finalists": JSONDataset(filepath="f.json")})
    warn_of_memory(pipeline.nodes, kept)
    assert caplog.records == []


def test_check_inputs_in_memory_are_made_in_the_same_run() -> None:
    """No command could write them for a later run."""
    pipeline = create_pipeline(stages=("data_preparation",))
    catalog = DataCatalog(
        {"nas.workspace": JSONDataset(filepath=__file__), "images": MemoryDataset()}
    )

    with pytest.raises(DataError, match="Run it together with the node") as error:
        check_inputs(pipeline, pipeline.nodes, catalog)
    assert "images, which is in memory and ends with its run" in str(error.value)
