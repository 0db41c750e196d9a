"""The `data_preparation` stage, a pipeline of one node."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Node, Pipeline

from kedro_nas.pipelines.data_preparation.nodes import prepare_images
from kedro_nas.stages import PREPARE_IMAGES


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the stage, without a namespace."""
    return Pipeline(
        [
            Node(
                prepare_images,
                inputs=[
                    "images",
                    "workspace",
                    "params:data_preparation",
                    "params:seed",
                ],
                outputs=["dataset", "dataset_profile"],
                name=PREPARE_IMAGES,
                tags=["data_preparation"],
            )
        ]
    )
