"""The `export` stage: final training, exported files, evaluation."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from kedro_nas.pipelines.export.nodes import (
    evaluate_on_test,
    export_model,
    fit_final_models,
)
from kedro_nas.stages import EVALUATE_ON_TEST, EXPORT_MODEL, FIT_FINAL_MODELS


def create_pipeline() -> Pipeline:
    """Create the stage, without a namespace.

    `evaluate_on_test` follows the exports deliberately: the test rows are read only for
    a model whose exports have passed the parity check.
    """
    return Pipeline(
        [
            Node(
                fit_final_models,
                inputs=[
                    "dataset",
                    "dataset_profile",
                    "best_architecture",
                    "workspace",
                    "params:export",
                    "params:job",
                    "params:seed",
                ],
                outputs=["model", "baseline_model", "final_fit"],
                name=FIT_FINAL_MODELS,
            ),
            Node(
                export_model,
                inputs=["model", "best_architecture", "dataset", "params:export"],
                outputs="exports",
                name=EXPORT_MODEL,
            ),
            Node(
                evaluate_on_test,
                inputs=[
                    "dataset",
                    "model",
                    "baseline_model",
                    "best_architecture",
                    "final_fit",
                    "exports",
                    "workspace",
                ],
                outputs="test_metrics",
                name=EVALUATE_ON_TEST,
            ),
        ]
    )
