"""The `search_space` stage: choices, bounds and candidate 0, adapted to the data."""

from kedro_nas.pipelines.search_space.pipeline import create_pipeline

__all__ = ["create_pipeline"]
