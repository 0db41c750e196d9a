"""Neural architecture search for image classifiers as declarative Kedro pipelines."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the type for users; at run time it is imported when asked for
    from kedro_nas.pipelines.nas.pipeline import create_pipeline

__version__ = "0.1.0"
__all__ = ["create_pipeline"]

# Host projects give INFO to their own package only; ours would be silent there.
logging.getLogger(__name__).setLevel(logging.INFO)

if not TYPE_CHECKING:  # a type checker would take any name for one of ours

    def __getattr__(name: str) -> Any:
        if name == "create_pipeline":
            from kedro_nas.pipelines.nas.pipeline import create_pipeline

            return create_pipeline
        raise AttributeError(f"module 'kedro_nas' has no attribute '{name}'")
