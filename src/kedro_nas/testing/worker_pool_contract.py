"""Tests that every worker pool has to pass, to inherit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kedro_nas.data.prepare import prepare_images
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.worker_pool import Event, WorkerPool

_N_IMAGES = 60
_OPTIONS = JobOptions(workers=2)


class WorkerPoolContract:
    """Tests of a worker pool: override `make` in a subclass; pytest collects the tests.

    Networks are trained for seconds on 60 images of 8 x 8 pixels, which are written to
    pytest's temporary folder: the workers have to be able to read it.

    Attributes:
        limit_s: Longest time a task of a second may take, starting workers included.
    """

    limit_s: float = 180.0

    def make(self, options: JobOptions, log: Path) -> WorkerPool:
        """Return a new pool; see `make_pool` for the arguments."""
        raise TypeError("a subclass of WorkerPoolContract makes its pool")

    @pytest.fixture(scope="class")
    @classmethod
    def pool(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
        """Start a pool of two workers for all tests of the class."""
        made = cls().make(_OPTIONS, tmp_path_factory.mktemp("pool") / "workers.log")
        yield made
        made.close()

    @pytest.fixture(scope="class")
    @classmethod
    def task(cls, tmp_path_factory: pytest.TempPathFactory) -> Task:
        """Return a task of two epochs that is scored on a fold."""
        return make_task(tmp_path_factory.mktemp("images"))

    def test_new_pool_suits_its_options_and_is_free(self, tmp_path: Path) -> None:
        """All workers are free, without a network; closing twice does no harm."""
        pool = self.make(_OPTIONS, tmp_path / "workers.log")
        suits = pool.take_over(_OPTIONS, tmp_path / "workers.log")
        free, holder = pool.free(), pool.holds("none.npz")
        team = pool.teammates()
        pool.close()
        pool.close()

        assert suits
        assert free == list(range(pool.size))
        assert pool.size == 2
        assert team
        assert set(team) <= set(free)
        assert holder is None

    def test_task_reports_epochs_and_ends_with_its_outcome(
        self, pool: WorkerPool, task: Task
    ) -> None:
        """Its worker is busy until then; each epoch is reported once, in order."""
        pool.submit(task, worker=0, remaining_s=None)
        free_meanwhile = pool.free()
        events = self.wait_for_end(pool, task)
        outcome = events[-1].outcome

        assert 0 not in free_meanwhile
        assert outcome is not None
        assert outcome.status == "completed"
        assert [e.epoch.epoch for e in events if e.epoch is not None] == [1, 2]
        assert 0 in pool.free()

    def test_task_has_the_same_scores_on_every_worker(
        self, pool: WorkerPool, task: Task
    ) -> None:
        """The outcome depends on the task, not on where it was trained."""
        scores = []
        for worker in range(pool.size):
            named = task.model_copy(update={"task_id": f"on {worker}"})
            pool.submit(named, worker=worker, remaining_s=None)
            outcome = self.wait_for_end(pool, named)[-1].outcome
            scores.append(outcome and outcome.fold_scores)

        assert scores[0]
        assert scores == [scores[0]] * len(scores)

    def test_task_that_cannot_be_built_fails_with_its_reason(
        self, pool: WorkerPool, task: Task
    ) -> None:
        """The worker survives; the outcome names what was wrong."""
        blocks = (("odd", "nowhere_at_all:odd"),)
        broken = task.architecture.model_copy(update={"custom_blocks": blocks})
        odd = task.model_copy(update={"task_id": "odd", "architecture": broken})
        pool.submit(odd, worker=0, remaining_s=None)
        outcome = self.wait_for_end(pool, odd)[-1].outcome

        assert outcome is not None
        assert outcome.status == "failed"
        assert "nowhere_at_all" in outcome.reason

    def test_task_whose_time_is_up_is_stopped(
        self, pool: WorkerPool, task: Task
    ) -> None:
        """A task of many epochs ends soon after its remaining seconds."""
        long = task.model_copy(
            update={"task_id": "long", "epochs": 100_000, "schedule_epochs": 100_000}
        )
        pool.submit(long, worker=0, remaining_s=1.0)
        outcome = self.wait_for_end(pool, long)[-1].outcome

        assert outcome is not None
        assert outcome.status == "stopped"

    def test_checkpoint_is_held_by_the_worker_that_wrote_it_or_none(
        self, pool: WorkerPool, task: Task, tmp_path: Path
    ) -> None:
        """A promoted network is continued where it is in memory, if a pool keeps it."""
        path = str(tmp_path / "rung.npz")
        update = {"task_id": "rung", "rows": "search", "checkpoint": path}
        rung = task.model_copy(update=update)
        pool.submit(rung, worker=1, remaining_s=None)
        self.wait_for_end(pool, rung)

        assert Path(path).exists()
        assert pool.holds(path) in {1, None}

    def wait_for_end(self, pool: WorkerPool, task: Task) -> list[Event]:
        """Return the events of a task up to its end."""
        events: list[Event] = []
        limit = time.monotonic() + self.limit_s
        while time.monotonic() < limit:
            events += [e for e in pool.wait(0.2) if e.task_id == task.task_id]
            assert "lost" not in {event.kind for event in events}, events
            if events and events[-1].kind == "end":
                return events
        raise AssertionError(f"no end within {self.limit_s} s, only {events}")


def make_task(folder: Path) -> Task:
    """Write 60 images of two classes and return a task that trains on them.

    Args:
        folder: Where the image store is written.
    """
    labels = np.arange(_N_IMAGES) % 2
    shape = (_N_IMAGES, 8, 8, 1)
    pixels = np.random.default_rng(0).integers(0, 200, shape, dtype=np.uint8)
    pixels[labels == 1] += 50
    store, _ = prepare_images(
        (pixels, labels), DataPreparationOptions(), seed=0, workspace=folder
    )
    architecture = Architecture(
        input_shape=(8, 8, 1),
        n_classes=2,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=2),),
    )
    return Task(
        task_id="task",
        architecture=architecture,
        store=str(store.path),
        rows="fold:0:0",
        epochs=2,
        schedule_epochs=2,
        seed=0,
    )
