"""The `data_preparation` stage: from images to a store, splits, folds and a profile."""

from kedro_nas.pipelines.data_preparation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
