"""Who is cross-validated, before anything is trained."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import RankingError, SearchSpaceError
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.ranking import cross_validation
from kedro_nas.ranking.cross_validation import SCORES, _invited, rank_finalists
from kedro_nas.search.tables import contestant
from kedro_nas.space.architecture import Architecture, Stage
from kedro_nas.space.registry import forget_block, register_block
from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event

PROFILE = {
    "verdict": {
        "objective": "accuracy",
        "bn_momentum": 0.9,
        "class_weights": None,
        "n_repeats": 1,
    }
}


class ScoringPool:
    """A worker that takes some seconds for each fold, and scores it."""

    size = 1

    def __init__(self) -> None:
        self.each_s = 0.0
        self.dies = False
        self.without_storage = False
        self.tasks: list[Task] = []
        self.granted: list[float | None] = []
        self._task: Task | None = None

    def free(self) -> list[int]:
        return [] if self._task else [0]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.tasks.append(task)
        self.granted.append(remaining_s)
        self._task = task

    def wait(self, timeout_s: float) -> list[Event]:
        task, self._task = self._task, None
        assert task is not None
        if self.dies and len(self.tasks) > 2:
            raise KeyboardInterrupt
        if self.without_storage and len(self.tasks) > 2:
            outage = Outage(message="stale", path=task.store, errno=errno.ESTALE)
            ended = Outcome.of_outage(outage)
            return [Event("end", worker=0, task_id=task.task_id, outcome=ended)]
        time.sleep(self.each_s)
        scores = dict.fromkeys(cross_validation.SCORES, 0.5)
        outcome = Outcome(
            status="completed",
            history=[
                Epoch(epoch=1, train_loss=1.0, learning_rate=0.1, seconds_train=0.1)
            ],
            fold_scores=scores,
            seconds={"train": 0.1},
        )
        return [Event("end", worker=0, task_id=task.task_id, outcome=outcome)]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> ScoringPool:
    """Rank on a pool that trains nothing."""
    made = ScoringPool()

    @contextmanager
    def lease(*_: Any) -> Iterator[ScoringPool]:
        yield made

    monkeypatch.setattr(cross_validation, "lease_pool", lease)
    return made


def rank(
    architecture: Architecture,
    workspace: Path,
    *,
    searched_s: float = 100.0,
    **changes: Any,
) -> dict[str, Any]:
    """Rank a network and a baseline on three folds; gives what was chosen."""
    baseline = architecture.with_recipe(batch_size=8)
    entries = [
        contestant(architecture, None, is_baseline=False),
        contestant(baseline, None, is_baseline=True),
    ]
    search = {"seconds_before": 0.0, "seconds": searched_s, "max_epochs": 4}
    store = SimpleNamespace(
        path=Path("store"),
        fingerprint="x",
        n_folds=3,
        n_repeats=1,
        rows=lambda _: np.arange(9),
        fold=lambda *_: (np.arange(6), np.arange(3)),
    )
    pipeline_budget_s = changes.pop("pipeline_budget_s", None)
    return rank_finalists(
        store,  # type: ignore[arg-type]
        PROFILE,
        {"finalists": entries, "search": search},
        workspace,
        RankingOptions(**changes),
        SearchOptions(
            pipeline_budget_s=pipeline_budget_s, workers=1, threads_per_worker=2
        ),
        0,
    )[2]


def test_rank_finalists_budget_is_a_deadline(
    pool: ScoringPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Folds that turn out slower than planned are left out, but for the first one."""
    pool.each_s = 0.4
    best = rank(small_architecture, tmp_path, budget_s=0.5)

    assert {task.rows for task in pool.tasks} == {"fold:0:0"}
    assert pool.granted == [None, None]
    assert {task.threads for task in pool.tasks} == {2}
    assert best["plan"]["reasons"][-1] == "1 fold instead of 2: the budget ended"


def test_rank_finalists_pipeline_budget_counts_a_killed_session(
    pool: ScoringPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """What a killed ranking spent is spent: for the folds, and for the final fit."""
    options: dict[str, Any] = {"budget_s": None, "pipeline_budget_s": 1000.0}
    pool.dies = True
    with pytest.raises(KeyboardInterrupt):
        rank(small_architecture, tmp_path, **options)
    (clock,) = (tmp_path / "ranking").glob("clock-*.txt")
    clock.write_text("200.0")
    pool.dies = False
    # a search that has ended and is run again takes some seconds more
    best = rank(small_architecture, tmp_path, searched_s=103.0, **options)
    n_trained = len(pool.tasks)
    again = rank(small_architecture, tmp_path, searched_s=106.0, **options)
    killed, resumed = pool.granted[2], pool.granted[3]

    assert killed is not None
    assert resumed is not None
    assert killed - resumed == pytest.approx(200, abs=5)
    assert 200 <= best["seconds"] < 205
    assert best["final_left_s"] == pytest.approx(1000 - 100 - 45 - 200, abs=5)
    assert len(pool.tasks) == n_trained == 3 + 4
    assert again["final_left_s"] == pytest.approx(best["final_left_s"], abs=0.5)
    assert again["plan"] == best["plan"]


def test_rank_finalists_outage_ends_the_ranking_and_the_same_command_goes_on(
    pool: ScoringPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Storage that is away fails no contestant; folds that are done stay done."""
    pool.without_storage = True
    with pytest.raises(RankingError, match="Run the same command when") as raised:
        rank(small_architecture, tmp_path, budget_s=None)
    pool.without_storage = False
    best = rank(small_architecture, tmp_path, budget_s=None)
    names = [task.task_id for task in pool.tasks]

    assert "stale" in str(raised.value)
    assert best["plan"]["folds"] == 3
    assert len(names) == 3 + 4
    assert len(set(names)) == 6
    assert names[2] in names[3:]


def test_rank_finalists_with_another_budget_makes_another_plan(
    pool: ScoringPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """A plan is followed by the ranking it was made for, and by no other."""
    short = rank(small_architecture, tmp_path, budget_s=1)
    long = rank(small_architecture, tmp_path, budget_s=1000)

    assert (short["plan"]["folds"], long["plan"]["folds"]) == (2, 3)


def finalists(baseline: str) -> dict[str, Any]:
    return {
        "finalists": [
            {"key": "a", "is_baseline": False},
            {"key": "b", "is_baseline": True},
        ],
        "search": {"baseline": baseline},
    }


@pytest.mark.parametrize(
    ("made", "wanted"), [("auto", "team:net"), ("team:net", "auto"), ("none", "team:n")]
)
def test_rank_finalists_with_another_baseline_than_the_search_made_is_refused(
    made: str, wanted: str, tmp_path: Path
) -> None:
    """The table would compare with a network nobody asked for."""
    with pytest.raises(RankingError, match=f"finalists with {made}") as raised:
        rank_finalists(
            None,
            {"verdict": {}},
            finalists(made),
            tmp_path,
            RankingOptions(baseline=wanted),
            SearchOptions(),
            0,
        )

    assert "Run the search stage again" in str(raised.value)


@pytest.mark.parametrize(
    ("made", "wanted", "keys"),
    [
        ("auto", "auto", "ab"),
        ("none", "auto", "ab"),
        ("team:net", "team:net", "ab"),
        ("team:net", "none", "a"),
    ],
)
def test_rank_finalists_takes_the_baseline_that_is_there_or_leaves_it_out(
    made: str, wanted: str, keys: str
) -> None:
    """Leaving the baseline out, or taking ours in, needs no new search."""
    assert [c["key"] for c in _invited(finalists(made), wanted)] == list(keys)


class SmallMemory:
    """A worker whose memory holds batches of at most 16 images."""

    size = 1

    def __init__(self) -> None:
        self._task: Task | None = None

    def free(self) -> list[int]:
        return [] if self._task else [0]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self._task = task

    def wait(self, timeout_s: float) -> list[Event]:
        task, self._task = self._task, None
        assert task is not None
        epoch = Epoch(epoch=1, train_loss=1.0, learning_rate=0.1, seconds_train=1.0)
        outcome = Outcome(
            status="completed",
            history=[epoch],
            seconds={"train": 1.0},
            fold_scores=dict.fromkeys(SCORES, 0.5),
        )
        if task.architecture.recipe.batch_size > 16:
            outcome = Outcome(status="failed", reason="out of memory: 3 GiB")
        return [Event("end", worker=0, task_id=task.task_id, outcome=outcome)]


def test_rank_finalists_out_of_memory_goes_on_with_half_the_batch_to_the_final_fit(
    digits: tuple[ImageStore, dict[str, Any]],
    small_architecture: Architecture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The winner is fitted as it was compared: with the batch that fits in memory."""

    @contextmanager
    def lease(*_: Any) -> Iterator[SmallMemory]:
        yield SmallMemory()

    monkeypatch.setattr(cross_validation, "lease_pool", lease)
    network = contestant(small_architecture, None, is_baseline=False)
    other = small_architecture.with_recipe(batch_size=8)
    baseline = contestant(other, None, is_baseline=True)
    search = {"max_epochs": 1, "seconds": 0.0, "seconds_before": 0.0}
    fold_scores, _, best = rank_finalists(
        digits[0],
        digits[1],
        {"finalists": [network, baseline], "search": search},
        tmp_path,
        RankingOptions(),
        SearchOptions(budget_s=None, max_trials=1),
        0,
    )

    assert set(fold_scores["status"]) == {"completed"}
    assert best["key"] == network["key"]
    assert best["architecture"]["recipe"]["batch_size"] == 16
    assert best["baseline"]["architecture"]["recipe"]["batch_size"] == 8


def test_rank_finalists_with_a_block_that_was_edited_is_refused(
    small_architecture: Architecture, tmp_path: Path
) -> None:
    """Folds in the journal were those of the old block, the final fit would not be."""

    def mine(layers: Any, x: Any, *, filters: int, stride: int, **_: Any) -> Any:
        return layers.conv(x, filters, 3, stride=stride)

    register_block("mine", path="team:mine")(mine)
    stages = (Stage(block="mine", depth=1, width=8, kernel_size=3, stride=1),)
    edited = small_architecture.model_copy(
        update={
            "stages": stages,
            "custom_blocks": (("mine", "team:mine"),),
            "block_digests": (("mine", "as it was"),),
        }
    )
    entry = contestant(edited, None, is_baseline=False)
    try:
        with pytest.raises(SearchSpaceError, match=r"'mine' .* has changed since"):
            rank_finalists(
                None,
                {"verdict": {}},
                {"finalists": [entry], "search": {}},
                tmp_path,
                RankingOptions(baseline="none"),
                SearchOptions(),
                0,
            )
    finally:
        forget_block("mine")
