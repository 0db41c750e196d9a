"""The `export` stage: final training, exported files, evaluation on the test rows."""

from kedro_nas.pipelines.export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
