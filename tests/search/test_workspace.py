"""Whose workspace it is: what a search that goes on may and may not change."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kedro_nas.errors import SearchError
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.search.workspace import claim_workspace

VERDICT = {"objective": "accuracy", "bn_momentum": 0.9, "class_weights": None}


def _claim(folder: Path, **options: Any) -> Path:
    store = SimpleNamespace(
        fingerprint="x",
        labels=np.zeros(4, np.int32),
        rows=lambda _: np.arange(4),
    )
    space = SimpleNamespace(model_dump_json=lambda **_: "{}", custom_blocks={})
    return claim_workspace(folder, store, space, SearchOptions(**options), VERDICT, 0)


def test_claim_workspace_with_other_threads_is_refused(tmp_path: Path) -> None:
    """Threads split the sums of batch norms, so half a search cannot change them."""
    _claim(tmp_path / "search", threads_per_worker=1)

    with pytest.raises(SearchError, match=r"threads_per_worker was 1, is 2"):
        _claim(tmp_path / "search", threads_per_worker=2)


def test_claim_workspace_with_other_limits_or_workers_goes_on(tmp_path: Path) -> None:
    """What ends the same sequence elsewhere belongs to no search."""
    claimed = _claim(tmp_path / "search", budget_s=10, workers=1)

    again = _claim(tmp_path / "search", budget_s=99, workers=4, max_silence_s=60)

    assert again == claimed == tmp_path / "search"
