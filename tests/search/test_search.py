"""Whole searches with real workers on 400 digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchError
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.search.search import halved, search_architectures
from kedro_nas.space.architecture import Architecture

pytestmark = pytest.mark.slow

CLOCKS = [
    "worker",
    "started_s",
    "ended_s",
    *("seconds", "seconds_build", "seconds_train"),
    *("seconds_validate", "seconds_checkpoint", "seconds_wait"),
]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Prepare 400 digits and a space for them."""
    images, labels = load_digits(return_X_y=True)
    pixels = (images[:400].reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)
    store, profile = prepare_images(
        (pixels, labels[:400]),
        DataPreparationOptions(),
        seed=0,
        workspace=tmp_path_factory.mktemp("digits"),
    )
    space = build_search_space(SearchSpaceOptions(), profile, seed=0)
    return {"store": store, "profile": profile, "space": space.to_dict()}


def _search(
    digits: dict[str, Any], workspace: Path, **changes: Any
) -> tuple[pd.DataFrame, dict[str, Any]]:
    store: ImageStore = digits["store"]
    options = {
        "budget_s": None,
        "max_trials": 6,
        "max_epochs": 4,
        "min_steps": 1,
        "factor": 2,
        "workers": 2,
        **changes,
    }
    return search_architectures(
        store,
        digits["space"],
        digits["profile"],
        workspace,
        SearchOptions(**options),
        RankingOptions(finalists=2),
        0,
    )


@pytest.fixture(scope="module")
def searched(
    digits: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[pd.DataFrame, dict[str, Any], Path]:
    """Search once with two workers."""
    workspace = tmp_path_factory.mktemp("searched")
    trials, finalists = _search(digits, workspace)
    return trials, finalists, workspace


def test_search_one_worker_gives_the_trials_of_two(
    digits: dict[str, Any],
    searched: tuple[pd.DataFrame, dict[str, Any], Path],
    tmp_path: Path,
) -> None:
    """Same seed, bounded by trials: identical but for clocks and worker numbers."""
    alone, _ = _search(digits, tmp_path, workers=1)

    pd.testing.assert_frame_equal(
        alone.drop(columns=CLOCKS), searched[0].drop(columns=CLOCKS)
    )


def test_search_leaves_finalists_a_baseline_and_no_checkpoint(
    searched: tuple[pd.DataFrame, dict[str, Any], Path],
) -> None:
    """Finalists are distinct, the baseline is last, and states are cleaned away."""
    trials, finalists, workspace = searched
    entries = finalists["finalists"]
    networks = [c["network_key"] for c in entries if not c["is_baseline"]]

    assert len(networks) == len(set(networks)) == 2
    assert entries[-1]["is_baseline"]
    assert entries[0]["score"] >= entries[1]["score"] or entries[0]["epochs"] > 1
    assert finalists["search"]["n_trials"] == len(trials) == 6
    kept = {path.stem for path in (workspace / "search/checkpoints").glob("*.npz")}
    top = trials.loc[trials["rung"] < trials["bracket"], "trial_id"]
    assert kept <= set(top)


def test_search_finished_is_not_trained_again(
    digits: dict[str, Any], searched: tuple[pd.DataFrame, dict[str, Any], Path]
) -> None:
    """The same command on a finished workspace gives the same tables at once."""
    trials, _, workspace = searched

    again, _ = _search(digits, workspace)

    pd.testing.assert_frame_equal(again, trials)


def test_search_changed_parameter_is_named_and_refused(
    digits: dict[str, Any], searched: tuple[pd.DataFrame, dict[str, Any], Path]
) -> None:
    """A workspace goes on only with what it was begun with, and says what changed."""
    with pytest.raises(SearchError, match=r"search\.factor was 2, is 3"):
        _search(digits, searched[2], factor=3)


def test_search_changed_verdict_is_named_and_refused(
    digits: dict[str, Any], searched: tuple[pd.DataFrame, dict[str, Any], Path]
) -> None:
    """What training obeys in the data's verdict may not change under a search."""
    verdict = digits["profile"]["verdict"] | {"objective": "balanced_accuracy"}
    changed = digits | {"profile": digits["profile"] | {"verdict": verdict}}

    with pytest.raises(SearchError, match=r"objective was accuracy, is balanced"):
        _search(changed, searched[2])


def test_search_restart_keeps_the_old_workspace_aside(
    digits: dict[str, Any], tmp_path: Path
) -> None:
    """With on_change: restart a change begins anew and loses nothing."""
    _search(digits, tmp_path, max_trials=1)
    _search(digits, tmp_path, max_trials=1, patience=3, on_change="restart")

    assert len(list(tmp_path.glob("search-*/ledger.jsonl"))) == 1
    assert (tmp_path / "search" / "ledger.jsonl").exists()


def test_search_budget_ends_within_a_chunk_and_says_so(
    digits: dict[str, Any], tmp_path: Path
) -> None:
    """A budget in seconds is kept to a batch and a validation, on a loaded machine too.

    The first search starts the workers and completes a trial; the second extends it by
    eight seconds of trials that would last for minutes.
    """
    long = {"max_epochs": 4096, "min_epochs": 1, "patience": 4096}
    _, first = _search(digits, tmp_path, max_trials=1, **long)
    spent = first["search"]["seconds"]

    _, finalists = _search(
        digits, tmp_path, max_trials=None, budget_s=spent + 8, **long
    )

    assert finalists["search"]["ended_by"] == "budget"
    assert spent + 7 < finalists["search"]["seconds"] < spent + 16


def test_halved_architecture_keeps_everything_but_the_batch(
    digits: dict[str, Any],
) -> None:
    """Halving twice quarters the batch of the recipe and changes no layer."""
    anchor = Architecture.from_dict(digits["space"]["anchors"][0])
    quarter = halved(anchor, 2)

    assert quarter.recipe.batch_size == anchor.recipe.batch_size // 4
    assert quarter.network_key == anchor.network_key
    assert halved(anchor, 0) is anchor
