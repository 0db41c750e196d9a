"""The `search` stage: from a space and images to trials and finalists."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from kedro_nas.pipelines.search.nodes import search_architectures
from kedro_nas.stages import SEARCH_ARCHITECTURES


def create_pipeline() -> Pipeline:
    """Create the stage, without a namespace."""
    return Pipeline(
        [
            Node(
                search_architectures,
                inputs=[
                    "dataset",
                    "search_space",
                    "dataset_profile",
                    "workspace",
                    "params:search",
                    "params:job",
                    "params:budget_s",
                    "params:seed",
                ],
                outputs=["trials", "finalists"],
                name=SEARCH_ARCHITECTURES,
            )
        ]
    )
