"""Pipelines that Kedro finds when this repository is run as a project."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from kedro_nas.pipelines.nas.pipeline import LATER_STAGES, STAGES, create_pipeline


def register_pipelines() -> dict[str, Pipeline]:
    """Register the main job as `nas` and `__default__`, and each stage by its name.

    `prediction`, which classifies new images, is no part of the job.

    The stages are built here so that all have the same namespace:
    `kedro run --pipelines ranking` reads the `nas.finalists` that `nas` wrote.
    """
    stages = {
        name: create_pipeline(stages=(name,)) for name in (*STAGES, *LATER_STAGES)
    }
    whole = create_pipeline()
    return {"__default__": whole, "nas": whole, **stages}
