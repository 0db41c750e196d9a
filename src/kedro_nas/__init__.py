"""Neural architecture search for image classifiers as declarative Kedro pipelines."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # type checkers see the name; at run time it is imported on first use
    from kedro_nas.pipelines.nas.pipeline import create_pipeline

__version__ = "0.1.0"
__all__ = ["create_pipeline"]

# Host projects set the level INFO for their own package only; without this line
# they would not see our messages.
logging.getLogger(__name__).setLevel(logging.INFO)

if not TYPE_CHECKING:  # with it, type checkers would accept any attribute

    def __getattr__(name: str) -> Any:
        if name == "create_pipeline":
            from kedro_nas.pipelines.nas.pipeline import create_pipeline

            return create_pipeline
        raise AttributeError(f"module 'kedro_nas' has no attribute '{name}'")
