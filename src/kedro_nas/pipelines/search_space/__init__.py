"""Fit the search space to the data: choices, bounds, candidate 0."""

from kedro_nas.pipelines.search_space.pipeline import create_pipeline

__all__ = ["create_pipeline"]
