"""The `prediction` stage, a pipeline of one node."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from kedro_nas.pipelines.prediction.nodes import predict_images
from kedro_nas.stages import PREDICT_IMAGES


def create_pipeline() -> Pipeline:
    """Create the stage, without a namespace."""
    return Pipeline(
        [
            Node(
                predict_images,
                inputs=["images_new", "exports", "params:prediction"],
                outputs="predictions",
                name=PREDICT_IMAGES,
                tags=["prediction"],
            )
        ]
    )
