"""Finalists with made-up names and numbers, for tests that compare them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kedro_nas.records.search import Finalist, SearchResult, SearchSummary
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.statistics.image_pairs import pack_right

NETWORK = Architecture(
    input_shape=(8, 8, 1),
    n_classes=2,
    stem=Stem(width=8, kernel_size=3, stride=1),
    stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=1),),
)


def build_finalist(
    key: str, params: int = 100, *, right: ArrayLike | None = None, **changes: Any
) -> Finalist:
    """Build a finalist; arguments replace its fields.

    Args:
        key: Also the end of its name.
        params: Parameters; it has ten times as many MACs.
        right: Whether it classifies each validation image correctly.
        **changes: Fields to replace.
    """
    if "epochs" in changes:
        changes.setdefault("rung_epochs", changes["epochs"])
    fields: dict[str, Any] = {
        "name": f"network {key}",
        "key": key,
        "network_key": key,
        "architecture": NETWORK,
        "score": 0.95,
        "params": params,
        "macs": 10 * params,
        "depth": 4,
        "right": None if right is None else pack_right(np.asarray(right, bool)),
    }
    return Finalist(**{**fields, **changes})


def build_search_result(*finalists: Finalist, **changes: Any) -> SearchResult:
    """Build what a search of these finalists left; arguments replace its summary."""
    budget = changes.pop("budget", None)
    summary = {
        "n_trials": 4,
        "n_architectures": 3,
        "n_failed": 0,
        "n_stopped": 0,
        "epochs_trained": 12,
        "seconds": 100.0,
        "seconds_full_training": 60.0,
        "seconds_by_kind": {"train": 90.0},
        "budget_s": None,
        "ended_by": "schedule",
        "workers": 1,
        "max_epochs": 4,
        "seed": 0,
        **changes,
    }
    fields = {"finalists": finalists, "search": SearchSummary(**summary)}
    return SearchResult(**fields, **({} if budget is None else {"budget": budget}))
