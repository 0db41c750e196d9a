"""The `reporting` stage: the page, and its figures for kedro-viz."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from kedro_nas.pipelines.reporting.nodes import FIGURES, write_report
from kedro_nas.stages import WRITE_REPORT


def create_pipeline() -> Pipeline:
    """Create the stage, without a namespace."""
    return Pipeline(
        [
            Node(
                write_report,
                inputs=[
                    "dataset_profile",
                    "search_space",
                    "trials",
                    "finalists",
                    "fold_scores",
                    "ranking",
                    "best_architecture",
                    "test_metrics",
                    "params:reporting",
                ],
                outputs=["report", *FIGURES],
                name=WRITE_REPORT,
                tags=["reporting"],
            )
        ]
    )
