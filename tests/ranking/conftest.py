"""A store and workers to rank with, without images and without training."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.ranking.cross_validation import SCORES
from kedro_nas.training import run
from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event


def make_store(n_folds: int = 3) -> ImageStore:
    """Make what a ranking asks of a store: nine images of each split, some folds."""
    return SimpleNamespace(  # type: ignore[return-value]
        class_names=["a", "b"],
        path=Path("store"),
        fingerprint="x",
        n_folds=n_folds,
        n_repeats=1,
        labels=np.arange(9) % 2,
        rows=lambda _: np.arange(9),
        fold=lambda *_: (np.arange(6), np.arange(3)),
    )


class ScoringPool:
    """A worker that takes some seconds for each fold, and scores it.

    Args:
        memory: Largest batch that fits.
    """

    size = 1

    def __init__(self, memory: int = 10**6) -> None:
        self.each_s = 0.0
        self.dies = False
        self.without_storage = False
        self.tasks: list[Task] = []
        self.granted: list[float | None] = []
        self._memory = memory
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
        epoch = Epoch(epoch=1, train_loss=1.0, learning_rate=0.1, seconds_train=0.1)
        outcome = Outcome(
            status="completed",
            history=[epoch],
            fold_scores=dict.fromkeys(SCORES, 0.5),
            seconds={"train": 0.1},
        )
        if task.architecture.recipe.batch_size > self._memory:
            outcome = Outcome(status="failed", reason="out of memory: 3 GiB")
        return [Event("end", worker=0, task_id=task.task_id, outcome=outcome)]


@pytest.fixture
def use_pool(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Let rankings train on a pool of the test's."""

    def use(pool: Any) -> Any:
        @contextmanager
        def lease(*_: Any) -> Iterator[Any]:
            yield pool

        monkeypatch.setattr(run, "lease_pool", lease)
        return pool

    return use


@pytest.fixture
def pool(use_pool: Callable[[Any], ScoringPool]) -> ScoringPool:
    """Rank on a pool that trains nothing."""
    return use_pool(ScoringPool())


@pytest.fixture
def small_memory(use_pool: Callable[[Any], ScoringPool]) -> ScoringPool:
    """Rank on a pool whose memory holds batches of at most 16 images."""
    return use_pool(ScoringPool(memory=16))


@pytest.fixture
def store() -> ImageStore:
    """Give a store of three folds."""
    return make_store()
