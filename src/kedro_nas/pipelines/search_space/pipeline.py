"""The `search_space` stage: from a data profile to the set of networks."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from kedro_nas.pipelines.search_space.nodes import (
    build_search_space,
    draw_search_space,
)
from kedro_nas.stages import BUILD_SEARCH_SPACE, DRAW_SEARCH_SPACE


def create_pipeline() -> Pipeline:
    """Create the stage, without a namespace."""
    return Pipeline(
        [
            Node(
                build_search_space,
                inputs=[
                    "dataset_profile",
                    "device_profiles",
                    "params:search_space",
                    "params:seed",
                ],
                outputs="search_space",
                name=BUILD_SEARCH_SPACE,
                tags=["search_space"],
            ),
            Node(
                draw_search_space,
                inputs=["search_space", "params:seed"],
                outputs="search_space_figure",
                name=DRAW_SEARCH_SPACE,
                tags=["search_space"],
            ),
        ]
    )
