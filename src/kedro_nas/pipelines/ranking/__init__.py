"""The `ranking` stage."""

from kedro_nas.pipelines.ranking.pipeline import create_pipeline

__all__ = ["create_pipeline"]
