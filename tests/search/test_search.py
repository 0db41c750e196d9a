"""Whole searches with real workers on 400 digits."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import ParameterError, SearchError
from kedro_nas.files import read_json_lines
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.records.search import SearchResult
from kedro_nas.search.search import search_architectures
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.statistics.image_pairs import unpack_right

pytestmark = pytest.mark.slow

CLOCKS = [
    *("worker", "started_s", "ended_s", "seconds", "seconds_import", "seconds_build"),
    *("seconds_trace", "seconds_train", "seconds_validate", "seconds_checkpoint"),
    "seconds_wait",
]


# A search of its own process, as long as `_search`'s.
PROGRAM = """
import json, logging, signal, sys
from pathlib import Path
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.search import search_architectures
from kedro_nas.space.search_space import SearchSpace

# who runs the tests as a background job of a shell has Ctrl-C switched off in them
signal.signal(signal.SIGINT, signal.default_int_handler)
logging.basicConfig(level=logging.INFO)
store, space, profile, workspace, workers = sys.argv[1:]
options = SearchOptions(finalists=2, max_trials=6, max_epochs=4, min_steps=1, factor=2)
search_architectures(
    ImageStore.open(store), SearchSpace.from_dict(json.loads(space)),
    DatasetProfile.read(json.loads(profile)), Path(workspace), options,
    JobOptions(workers=int(workers)), budget_s=None, seed=0,
)
"""


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
    small = SearchSpaceOptions(preset="tiny")  # most of the time goes to building them
    space = build_search_space(small, profile.facts, seed=0)
    return {"store": store, "profile": profile.to_json(), "space": space.to_dict()}


def _search(
    digits: dict[str, Any], workspace: Path, **changes: Any
) -> tuple[pd.DataFrame, SearchResult]:
    store: ImageStore = digits["store"]
    job = JobOptions(**{"workers": 2, **changes.pop("job", {})})
    options = {
        "finalists": 2,
        "max_trials": 6,
        "max_epochs": 4,
        "min_steps": 1,
        "factor": 2,
        **changes,
    }
    return search_architectures(
        store,
        SearchSpace.from_dict(digits["space"]),
        DatasetProfile.read(digits["profile"]),
        workspace,
        SearchOptions(**options),
        job,
        budget_s=None,
        seed=0,
    )


@pytest.fixture(scope="module")
def searched(
    digits: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[pd.DataFrame, SearchResult, Path]:
    """Search once with two workers."""
    workspace = tmp_path_factory.mktemp("searched")
    trials, finalists = _search(digits, workspace)
    return trials, finalists, workspace


def test_search_one_worker_gives_the_trials_of_two(
    digits: dict[str, Any],
    searched: tuple[pd.DataFrame, SearchResult, Path],
    tmp_path: Path,
) -> None:
    """Same seed, bounded by trials: identical but for clocks and worker numbers."""
    alone, _ = _search(digits, tmp_path, job={"workers": 1})

    pd.testing.assert_frame_equal(
        alone.drop(columns=CLOCKS), searched[0].drop(columns=CLOCKS)
    )


def test_search_reads_a_share_of_the_validation_images_on_rung_0_only(
    digits: dict[str, Any], tmp_path: Path
) -> None:
    """Where more rungs follow a share is scored; above, and at the top, all images."""
    trials, _ = _search(digits, tmp_path, rung0_standard_error=0.1, max_trials=11)
    n_val = len(digits["store"].rows("val"))
    first = (trials["rung"] == 0) & (trials["bracket"] > 0)

    assert n_val > 40
    assert set(trials["bracket"]) == {1, 2}
    assert set(trials.loc[first, "val_images"]) < set(range(25, 35))
    assert set(trials.loc[~first, "val_images"]) == {n_val}


def test_search_leaves_finalists_a_baseline_and_no_checkpoint(
    searched: tuple[pd.DataFrame, SearchResult, Path],
) -> None:
    """Finalists are distinct, the baseline is last, and states are cleaned away."""
    trials, found, workspace = searched
    entries = found.finalists
    networks = [one.network_key for one in found.networks]

    assert len(networks) == len(set(networks)) == 2
    assert entries[-1].is_baseline
    assert (entries[0].score or 0) >= (entries[1].score or 0) or entries[0].epochs > 1
    assert found.search.n_trials == len(trials) == 6
    assert found.budget.spent_s["search"] == found.search.seconds
    assert set(found.budget.spent_s) == {"data_preparation", "search_space", "search"}
    kept = {path.stem for path in (workspace / "search/checkpoints").glob("*.npz")}
    top = trials.loc[trials["rung"] < trials["bracket"], "trial_id"]
    assert kept <= set(top)


def test_search_finished_is_not_trained_again(
    digits: dict[str, Any], searched: tuple[pd.DataFrame, SearchResult, Path]
) -> None:
    """The same command on a finished workspace gives the same tables at once."""
    trials, _, workspace = searched
    again, _ = _search(digits, workspace)

    pd.testing.assert_frame_equal(again, trials)


def test_search_changed_parameter_is_named_and_refused(
    digits: dict[str, Any], searched: tuple[pd.DataFrame, SearchResult, Path]
) -> None:
    """A workspace goes on only with what it was begun with, and says what changed."""
    with pytest.raises(SearchError, match=r"search\.factor was 2, is 3"):
        _search(digits, searched[2], factor=3)


def test_search_changed_verdict_is_named_and_refused(
    digits: dict[str, Any], searched: tuple[pd.DataFrame, SearchResult, Path]
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


def test_search_restart_is_the_way_out_of_a_spoilt_ledger(
    digits: dict[str, Any], tmp_path: Path
) -> None:
    """What two runs have written at once is kept aside, and the search begins anew."""
    trials, _ = _search(digits, tmp_path, max_trials=1)
    ledger = tmp_path / "search" / "ledger.jsonl"
    created = next(e for e in read_json_lines(ledger) if e["event"] == "created")
    with ledger.open("a") as file:
        file.write(json.dumps(created) + "\n")

    with pytest.raises(SearchError, match="on_change: restart"):
        _search(digits, tmp_path, max_trials=1)
    again, _ = _search(digits, tmp_path, max_trials=1, on_change="restart")
    assert list(again["key"]) == list(trials["key"])
    assert len(list(tmp_path.glob("search-*/ledger.jsonl"))) == 1


def test_search_budget_ends_within_a_chunk_and_says_so(
    digits: dict[str, Any], tmp_path: Path
) -> None:
    """A budget in seconds is kept to a batch and a validation, on a loaded machine too.

    The first search starts the workers and completes a trial; the second extends it by
    eight seconds of trials that would last for minutes.
    """
    long = {"max_epochs": 4096, "min_epochs": 1, "patience": 4096}
    _, first = _search(digits, tmp_path, max_trials=1, **long)
    spent = first.search.seconds

    trials, found = _search(
        digits, tmp_path, max_trials=None, budget_s=spent + 8, **long
    )

    assert found.search.ended_by == "budget"
    # a network that cannot be built in what is left is not begun
    longest_build = trials[["seconds_build", "seconds_trace"]].sum(axis=1).max()
    assert spent + 7 - longest_build < found.search.seconds < spent + 16


def test_search_told_to_stop_leaves_in_five_seconds_and_goes_on(
    digits: dict[str, Any],
    searched: tuple[pd.DataFrame, SearchResult, Path],
    tmp_path: Path,
) -> None:
    """SIGTERM, which is treated as Ctrl-C: no worker stays and no epoch is lost."""
    ledger = tmp_path / "search" / "ledger.jsonl"
    process = subprocess.Popen(
        _program(digits, str(tmp_path), "1"),
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while len(_epochs(ledger)) < 2:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        children = listed.read_text()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        way_on = f"run the same command to go on from {ledger.parent}"
        assert any(way_on in line for line in process.stderr)
        seconds = time.monotonic() - began
        left = [one for one in children.split() if Path(f"/proc/{one}").exists()]
        process.communicate(timeout=30)  # what Python takes to unload TensorFlow
    finally:  # what fails here is not to fail other tests, too
        process.kill()
        process.communicate()
    before = {(e["trial"], e["epoch"]) for e in _epochs(ledger)}
    trials, _ = _search(digits, tmp_path)

    assert seconds < 5
    assert process.returncode != 0
    assert children.split()
    assert not left
    trained = [(e["trial"], e["epoch"]) for e in _epochs(ledger)]
    assert len(trained) == len(set(trained))
    assert before <= set(trained)
    pd.testing.assert_frame_equal(
        trials.drop(columns=CLOCKS), searched[0].drop(columns=CLOCKS)
    )


def test_search_killed_loses_an_epoch_per_worker_at_most_and_leaves_no_worker(
    digits: dict[str, Any],
    searched: tuple[pd.DataFrame, SearchResult, Path],
    tmp_path: Path,
) -> None:
    """SIGKILL: workers end by themselves, and no epoch in the ledger is redone.

    While it lives, no second search gets into its workspace.
    """
    ledger = tmp_path / "search" / "ledger.jsonl"
    process = subprocess.Popen(
        _program(digits, str(tmp_path), "2"),
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stderr=subprocess.DEVNULL,
    )
    try:
        while len(_epochs(ledger)) < 3:
            assert process.poll() is None
            time.sleep(0.02)
        with pytest.raises(SearchError, match=f"process {process.pid} on"):
            _search(digits, tmp_path)
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        workers = listed.read_text().split()
    finally:
        process.kill()
        process.communicate()
    end = time.monotonic() + 10
    while any(map(_lives, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    left = [worker for worker in workers if _lives(worker)]
    before = [(e["trial"], e["epoch"]) for e in _epochs(ledger)]
    trials, _ = _search(digits, tmp_path)
    trained = [(e["trial"], e["epoch"]) for e in _epochs(ledger)]

    assert len(workers) == 2
    assert not left
    assert len(before) < len(trained)
    assert len(trained) == len(set(trained))
    pd.testing.assert_frame_equal(
        trials.drop(columns=CLOCKS), searched[0].drop(columns=CLOCKS)
    )


def _program(digits: dict[str, Any], *rest: str) -> list[str]:
    texts = [json.dumps(digits[name]) for name in ("space", "profile")]
    return [sys.executable, "-c", PROGRAM, str(digits["store"].path), *texts, *rest]


def _lives(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _epochs(ledger: Path) -> list[dict[str, Any]]:
    return [one for one in read_json_lines(ledger) if one["event"] == "epoch"]


def test_search_full_disk_is_said_and_the_same_command_goes_on(
    digits: dict[str, Any],
    searched: tuple[pd.DataFrame, SearchResult, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A ledger line that finds no room ends the search, and costs it nothing."""
    room = [9]

    def fsync(descriptor: int) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        patched.setattr("kedro_nas.search.ledger.SYNC_S", 0.0)
        with pytest.raises(SearchError, match=r"the disk of .* is full") as raised:
            _search(digits, tmp_path)
    trials, _ = _search(digits, tmp_path)

    assert "Free some space and run the same command" in str(raised.value)
    pd.testing.assert_frame_equal(
        trials.drop(columns=CLOCKS), searched[0].drop(columns=CLOCKS)
    )


def test_search_finalists_know_their_results_on_the_validation_images(
    digits: dict[str, Any], searched: tuple[pd.DataFrame, SearchResult, Path]
) -> None:
    """What the ranking compares without folds adds up to the last epoch's accuracy."""
    trials, found, _ = searched
    n_val = len(digits["store"].rows("val"))
    last = trials.set_index("trial_id")["val_accuracy"]

    for one in found.networks:
        right = unpack_right(one.right or "", n_val)
        assert right.mean() == pytest.approx(last[one.trial_id])


@pytest.mark.parametrize("budget_s", ["auto", None])
def test_search_that_nothing_would_end_is_refused(
    digits: dict[str, Any], tmp_path: Path, budget_s: Any
) -> None:
    """Neither seconds nor a count: the message names both, and nothing is begun."""
    with pytest.raises(ParameterError, match="would never end") as raised:
        _search(digits, tmp_path, max_trials=None, budget_s=budget_s)

    assert "nas.budget_s" in str(raised.value)
    assert not (tmp_path / "search").exists()
