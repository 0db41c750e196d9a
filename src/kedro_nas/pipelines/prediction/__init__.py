"""The `prediction` stage: new images, classified by an exported file."""

from kedro_nas.pipelines.prediction.pipeline import create_pipeline

__all__ = ["create_pipeline"]
