"""The `ranking` stage: from finalists to one winner, by cross-validation."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from kedro_nas.pipelines.ranking.nodes import rank_finalists
from kedro_nas.stages import RANK_FINALISTS


def create_pipeline() -> Pipeline:
    """Create the stage, without a namespace."""
    return Pipeline(
        [
            Node(
                rank_finalists,
                inputs=[
                    "dataset",
                    "dataset_profile",
                    "finalists",
                    "workspace",
                    "params:ranking",
                    "params:job",
                    "params:seed",
                ],
                outputs=["fold_scores", "ranking", "best_architecture"],
                name=RANK_FINALISTS,
            )
        ]
    )
