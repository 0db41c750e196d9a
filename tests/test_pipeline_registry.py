"""Pipelines Kedro finds in this repository."""

from __future__ import annotations

import pytest

from kedro_nas.pipeline_registry import register_pipelines
from kedro_nas.stages import STAGE_NAMES


def test_register_pipelines_has_the_job_and_each_stage() -> None:
    """`kedro run` and `kedro run --pipelines nas` are the job; stages have names."""
    found = register_pipelines()

    assert set(found) == {"__default__", "nas", *STAGE_NAMES, "prediction"}
    assert found["__default__"] is found["nas"]


def test_register_pipelines_stages_together_are_the_job() -> None:
    """No node is only in the job, or only in a stage."""
    found = register_pipelines()
    nodes = {node.name for name in STAGE_NAMES for node in found[name].nodes}

    assert nodes == {node.name for node in found["nas"].nodes}


@pytest.mark.parametrize("stage", STAGE_NAMES)
def test_register_pipelines_stages_read_what_the_job_wrote(stage: str) -> None:
    """A stage that is run alone has the namespace of the job."""
    found = register_pipelines()[stage]
    known = found.inputs() | found.outputs()

    assert all(name.startswith(("nas.", "params:nas.", "images")) for name in known)
