"""Images to a store of pixels, splits and folds, and a profile of them."""

from kedro_nas.pipelines.data_preparation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
