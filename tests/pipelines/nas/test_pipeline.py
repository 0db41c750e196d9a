"""`kedro_nas.create_pipeline`: the stages, joined and namespaced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kedro.pipeline import Pipeline

from kedro_nas import create_pipeline
from kedro_nas.errors import ParameterError
from kedro_nas.pipeline_registry import register_pipelines
from kedro_nas.pipelines.nas import STAGES
from kedro_nas.pipelines.nas.pipeline import LATER_STAGES, host_names, namespace_of
from kedro_nas.pipelines.search.pipeline import create_pipeline as search_stage
from kedro_nas.stages import NUMBERS, SECTIONS

ROOT = Path(__file__).parents[3]
CATALOG = ROOT / "conf" / "base" / "catalog_nas.yml"


def test_create_pipeline_reads_images_and_workspace_only() -> None:
    """From outside come images, a workspace, devices, and the parameters of the job."""
    inputs = create_pipeline().inputs()

    assert inputs == {
        "images",
        "nas.workspace",
        "nas.device_profiles",
        *(f"params:nas.{name}" for name in (*NUMBERS, *SECTIONS)),
    } - {"params:nas.prediction"}


def test_create_pipeline_of_predictions_is_no_part_of_the_job() -> None:
    """It reads what the job has exported, and the images under the host's name."""
    part = create_pipeline(
        stages=LATER_STAGES, inputs={"images_new": "photos"}, namespace="a.nas"
    )

    assert part.inputs() == {"photos", "a.nas.exports", "params:a.nas.prediction"}
    assert part.outputs() == {"a.nas.predictions"}
    assert "images_new" in create_pipeline(stages="prediction").inputs()
    assert not part.all_outputs() & create_pipeline(namespace="a.nas").all_outputs()


def test_create_pipeline_shares_the_budget_as_it_shares_the_seed() -> None:
    """A host keeps `budget_s` wherever its own parameters are."""
    shared = create_pipeline(
        parameters={"budget_s": "shared.budget_s", "params:seed": "params:shared.seed"}
    )

    assert {"params:shared.budget_s", "params:shared.seed"} <= shared.inputs()
    assert not {"params:nas.budget_s", "params:nas.seed"} & shared.inputs()


def test_create_pipeline_datasets_are_all_in_the_catalog() -> None:
    """Every edge is persisted, so any stage can be rerun alone."""
    entries = set(yaml.safe_load(CATALOG.read_text()))
    every = create_pipeline() + create_pipeline(stages=LATER_STAGES)
    datasets = {name for name in every.datasets() if not name.startswith("params:")}

    assert entries == datasets


def test_create_pipeline_nodes_are_named_after_their_functions() -> None:
    """A node's name says which function it calls; its tag says which stage it is."""
    for node in create_pipeline().nodes:
        (stage,) = node.tags & set(STAGES)

        assert node.name == f"nas.{stage}.{node.func.__name__}"
        assert node.namespace == f"nas.{stage}"


@pytest.mark.parametrize("namespace", ["nas", "defects.nas", "search"])
def test_create_pipeline_stages_are_boxes_of_their_own(namespace: str) -> None:
    """Kedro groups nodes by stage; datasets are named by the search alone."""
    pipeline = create_pipeline(namespace=namespace)

    for stage in STAGES:
        part = pipeline.only_nodes_with_namespaces([f"{namespace}.{stage}"])
        alone = create_pipeline(namespace=namespace, stages=stage)

        assert {n.name for n in part.nodes} == {n.name for n in alone.nodes}
        assert part.datasets() == alone.datasets()
        assert not any(f"{namespace}.{stage}." in name for name in part.datasets())


@pytest.mark.parametrize("namespace", ["nas", "defects.nas", "search", "export.nas"])
def test_namespace_of_is_that_of_the_search(namespace: str) -> None:
    """Whatever stage a node is of, and whatever the search is called."""
    every = create_pipeline(namespace=namespace, stages=(*STAGES, *LATER_STAGES))
    nested = Pipeline(every, namespace="team")

    assert {namespace_of(node) for node in every.nodes} == {namespace}
    assert {namespace_of(node) for node in nested.nodes} == {f"team.{namespace}"}
    assert namespace_of(search_stage().nodes[0]) == ""


def test_create_pipeline_test_rows_are_read_by_one_node() -> None:
    """Only `evaluate_on_test` writes test metrics, after the exports were proven."""
    readers = [
        node for node in create_pipeline().nodes if "nas.test_metrics" in node.outputs
    ]

    assert [node.name for node in readers] == ["nas.export.evaluate_on_test"]
    assert "nas.exports" in readers[0].inputs


def test_create_pipeline_namespaces_side_by_side_do_not_meet() -> None:
    """Two searches in one project share nothing but what they are given."""
    first = create_pipeline(namespace="defects.nas")
    second = create_pipeline(namespace="scratches.nas", inputs={"images": "scratches"})

    assert first.all_outputs().isdisjoint(second.all_outputs())
    assert "params:defects.nas.search" in first.inputs()
    assert "scratches" in second.inputs()
    assert len((first + second).nodes) == 2 * len(first.nodes)


def test_create_pipeline_fits_between_the_nodes_of_a_team() -> None:
    """Inputs and outputs are renamed to what a host's own nodes write and read."""
    pipeline = create_pipeline(
        inputs={"images": "cleaned_images"}, outputs={"model": "classifier"}
    )

    assert "cleaned_images" in pipeline.inputs()
    assert "classifier" in pipeline.all_outputs()
    assert "nas.model" not in pipeline.datasets()


def test_create_pipeline_parameters_can_be_shared_by_two_searches() -> None:
    """Two searches read one section; what is not named stays their own."""
    shared = {"search": "shared.search", "params:seed": "params:seed"}
    first = create_pipeline(namespace="defects.nas", parameters=shared)
    second = create_pipeline(namespace="scratches.nas", parameters=shared)
    both = first.inputs() & second.inputs()

    assert both == {"images", "params:shared.search", "params:seed"}
    assert "params:defects.nas.ranking" in first.inputs()


def test_create_pipeline_parameters_by_name_keep_it() -> None:
    """Names without a mapping are the host's own, unprefixed, as in Kedro."""
    pipeline = create_pipeline(stages=("search_space",), parameters=["search_space"])

    assert "params:search_space" in pipeline.inputs()


def test_host_names_tell_what_each_node_calls_ours() -> None:
    """Every dataset and section of every node has our name and the host's."""
    pipeline = create_pipeline(
        namespace="defects.nas",
        inputs={"images": "photos"},
        outputs={"model": "classifier"},
        parameters={"search": "shared"},
    )
    names = {k: v for node in pipeline.nodes for k, v in host_names(node).items()}

    assert names["images"] == "photos"
    assert names["model"] == "classifier"
    assert names["params:search"] == "params:shared"
    assert names["params:ranking"] == "params:defects.nas.ranking"
    assert set(names.values()) == pipeline.datasets()


@pytest.mark.slow
def test_create_pipeline_has_its_type_in_a_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mypy --strict` of a host sees arguments and result, and no other name.

    From the repository's root, since `make lint` leaves a cache there: without it our
    own files are read for 9 s of a core.
    """
    mypy = pytest.importorskip("mypy.api")
    (tmp_path / "host.py").write_text(
        "from kedro_nas import create_pipeline\n"
        "reveal_type(create_pipeline)\n"
        "create_pipeline(namespce='x')\n"
        "import kedro_nas\n"
        "kedro_nas.nothing\n"
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("MYPYPATH", "src")
    said, *_ = mypy.run(["--strict", str(tmp_path / "host.py")])

    assert "parameters: str | " in said.replace("builtins.", "")
    assert 'Unexpected keyword argument "namespce"' in said
    assert 'Module has no attribute "nothing"' in said
    assert "Found 2 errors" in said


def test_create_pipeline_is_one_task_when_grouped_by_namespace() -> None:
    """Deployment plugins can run the search as one task."""
    groups = create_pipeline().group_nodes_by("namespace")

    assert [group.name for group in groups] == ["nas"]


@given(st.sets(st.sampled_from(STAGES), min_size=1))
def test_create_pipeline_of_some_stages_is_a_part_of_the_whole(stages: Any) -> None:
    """Whatever stages are chosen, nodes and names are those of the whole pipeline."""
    part = create_pipeline(stages=stages)
    whole = {node.name: node for node in create_pipeline().nodes}

    assert {tag for node in part.nodes for tag in node.tags} == stages
    for node in part.nodes:
        assert node.inputs == whole[node.name].inputs
        assert node.outputs == whole[node.name].outputs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stages": ("serach",)}, "Did you mean 'search'"),
        ({"stages": ()}, "Name at least one stage"),
        ({"inputs": {"image": "x"}}, "Did you mean 'images'"),
        ({"outputs": {"modle": "x"}}, "Did you mean 'model'"),
        ({"inputs": "test_metrics"}, "unknown name in `inputs`"),
        ({"parameters": {"serach": "x"}}, "Did you mean 'search'"),
        ({"parameters": {"images": "x"}}, "unknown name in `parameters`"),
        ({"namespace": "my-nas"}, "cannot prefix"),
        ({"namespace": ""}, "cannot prefix"),
    ],
)
def test_create_pipeline_of_unknown_names_says_what_is_allowed(
    arguments: dict[str, Any], message: str
) -> None:
    """A misspelt stage, input, output or namespace is caught where it is written."""
    with pytest.raises(ParameterError, match=message):
        create_pipeline(**arguments)


def test_register_pipelines_offers_the_whole_and_each_stage() -> None:
    """`kedro run`, `--pipelines nas` and `--pipelines <stage>` all name something."""
    registered = register_pipelines()

    assert set(registered) == {"__default__", "nas", *STAGES, *LATER_STAGES}
    assert registered["__default__"].nodes == registered["nas"].nodes
    assert sum(len(registered[stage].nodes) for stage in STAGES) == len(
        registered["nas"].nodes
    )


def test_importing_pipelines_does_not_import_keras() -> None:
    """A host's `kedro` commands do not wait for TensorFlow."""
    program = (
        "import sys, kedro_nas, kedro_nas.pipeline_registry as r;"
        "import kedro_nas.framework.hooks, kedro_nas.framework.commands;"
        "import kedro_nas.framework.starters;"
        "r.register_pipelines();"
        "assert not {'keras', 'tensorflow', 'keras_tuner'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0
