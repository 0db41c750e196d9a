"""The pipeline of all stages, under one namespace."""

from kedro_nas.pipelines.nas.pipeline import STAGES, create_pipeline

__all__ = ["STAGES", "create_pipeline"]
