"""Fit the winner on all non-test rows, export that model, and read the test once."""

from kedro_nas.pipelines.export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
