"""The `ranking` stage: from finalists to one winner, and all networks as a table."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from kedro_nas.pipelines.ranking.nodes import rank_finalists, tabulate_front
from kedro_nas.stages import RANK_FINALISTS, TABULATE_FRONT


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
                    "params:export",
                    "params:job",
                    "params:seed",
                ],
                outputs=["fold_scores", "ranking", "best_architecture"],
                name=RANK_FINALISTS,
            ),
            Node(
                tabulate_front,
                inputs=[
                    "trials",
                    "ranking",
                    "best_architecture",
                    "search_space",
                    "device_profiles",
                ],
                outputs="pareto_table",
                name=TABULATE_FRONT,
            ),
        ]
    )
