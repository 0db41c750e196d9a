"""One page and its figures from everything the earlier stages left."""

from kedro_nas.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
