"""The table of stages is what is registered."""

from __future__ import annotations

import importlib

import pytest

from kedro_nas.pipelines.nas import create_pipeline
from kedro_nas.stages import LATER_STAGES, STAGES, JobStage, node_of, stage_of


@pytest.mark.parametrize(
    "stage", [*STAGES, *LATER_STAGES], ids=lambda stage: stage.name
)
def test_stage_names_the_nodes_its_pipeline_has(stage: JobStage) -> None:
    """A node that is renamed is renamed in the table, or this test fails."""
    module = importlib.import_module(f"kedro_nas.pipelines.{stage.name}")
    nodes = module.create_pipeline().nodes

    assert {node.name for node in nodes} == {node.name for node in stage.nodes}
    assert all(node.name == node.func.__name__ for node in nodes)
    assert any(stage.last_output in node.outputs for node in nodes)


def test_stages_together_are_the_job() -> None:
    """No node of the job is missing from the table, and all carry their stage."""
    nodes = create_pipeline().nodes
    named = {f"nas.{s.name}.{node.name}" for s in STAGES for node in s.nodes}

    assert {node.name for node in nodes} == named
    for node in nodes:
        name = node.func.__name__
        (stage,) = [s for s in STAGES if name in {n.name for n in s.nodes}]

        assert stage.name in node.tags


def test_node_of_a_host_is_none_of_ours() -> None:
    """What the table does not know is not prepared for, and is of no stage."""
    assert node_of("clean_images") is None
    assert stage_of("clean_images") is None


def test_stage_of_each_node_is_the_one_that_lists_it() -> None:
    """Those that run after the job have a stage as well."""
    for stage in (*STAGES, *LATER_STAGES):
        assert {stage_of(node.name) for node in stage.nodes} == {stage.name}
