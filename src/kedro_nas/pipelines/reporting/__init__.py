"""The `reporting` stage: a page and its figures from the results of all stages."""

from kedro_nas.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
