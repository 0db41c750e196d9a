"""The baseline is trained as the finalists were, where it has no results."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.finalists import build_finalist

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import RankingError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.ranking.validation_fit import train_baseline
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution, Finalist
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.statistics.image_pairs import pack_right
from kedro_nas.training import run
from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event
from kedro_nas.work_clock import WorkClock

VERDICT = Verdict(
    n_train=9, n_folds=2, n_repeats=1, bn_momentum=0.8, class_weights=(1.0, 2.0)
)
HALF = Execution(precision="mixed_bfloat16")
RIGHT = [True, True, False]


class ValidatingPool:
    """A worker that classifies two of three images correctly, and trains nothing."""

    size = 1

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.outcome = Outcome(
            status="completed",
            score=0.6,
            right=pack_right(RIGHT),
            history=[
                Epoch(epoch=n, train_loss=1.0, learning_rate=0.1, seconds_train=0.1)
                for n in (1, 2)
            ],
        )
        self._task: Task | None = None

    def free(self) -> list[int]:
        return [] if self._task else [0]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.tasks.append(task)
        self._task = task

    def wait(self, timeout_s: float) -> list[Event]:
        task, self._task = self._task, None
        assert task is not None
        return [Event("end", worker=0, task_id=task.task_id, outcome=self.outcome)]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> ValidatingPool:
    """Train on a pool of the test's."""
    made = ValidatingPool()

    @contextmanager
    def lease(*_: Any) -> Iterator[ValidatingPool]:
        yield made

    monkeypatch.setattr(run, "lease_pool", lease)
    return made


Train = Callable[..., tuple[Finalist, ...]]


@pytest.fixture
def train(store: ImageStore, tmp_path: Path) -> Train:
    """Train the baseline among contestants in one workspace."""

    def make(*contestants: Finalist, limit_s: float | None = None) -> Any:
        return train_baseline(
            store,
            contestants,
            VERDICT,
            tmp_path,
            JobOptions(workers=1, threads_per_worker=2),
            HALF,
            seed=5,
            patience=4,
            limit_s=limit_s,
            clock=WorkClock(tmp_path / "clock.txt"),
        )

    return make


def _finalist(**changes: Any) -> Finalist:
    known = {"epochs": 20, "rung_epochs": 45, "seconds_per_epoch": 2.0, "right": RIGHT}
    return build_finalist("first", **{**known, **changes})


def _baseline(network: Architecture, **changes: Any) -> Finalist:
    known = {"architecture": network, "is_baseline": True, "score": None}
    return build_finalist(network.key, **{**known, **changes})


def test_train_baseline_is_trained_as_the_search_trained_its_finalists(
    pool: ValidatingPool, train: Train, small_architecture: Architecture
) -> None:
    """Same rows and schedule, for the epochs of their rung, with their patience."""
    baseline = _baseline(small_architecture)
    first, trained = train(_finalist(), baseline)
    (task,) = pool.tasks

    assert first == _finalist()
    assert (trained.score, trained.epochs, trained.rung_epochs) == (0.6, 2, 45)
    assert trained.right == pack_right(RIGHT)
    assert trained.key == baseline.key
    assert (task.rows, task.epochs, task.schedule_epochs) == ("search", 45, 45)
    assert task.patience == 4
    assert task.seed == derive_seed(5, "trial", baseline.key)
    assert (task.bn_momentum, task.class_weights) == (0.8, (1.0, 2.0))
    assert (task.execution, task.threads) == (HALF, 2)


def test_train_baseline_with_results_of_as_many_epochs_is_not_trained_again(
    pool: ValidatingPool, train: Train, small_architecture: Architecture
) -> None:
    """The race has trained it; one the search cut earlier is trained to the end."""
    raced = _baseline(small_architecture, rung_epochs=45, epochs=45, right=RIGHT)
    cut = raced.model_copy(update={"rung_epochs": 15})
    kept = train(_finalist(), raced)
    n_trained = len(pool.tasks)
    train(_finalist(), cut)

    assert kept == (_finalist(), raced)
    assert (n_trained, len(pool.tasks)) == (0, 1)


@pytest.mark.parametrize(
    ("limit_s", "is_trained"), [(0.0, False), (40.9, False), (41.0, True), (None, True)]
)
def test_train_baseline_is_begun_only_if_it_will_be_done_in_time(
    pool: ValidatingPool,
    train: Train,
    small_architecture: Architecture,
    limit_s: float | None,
    is_trained: bool,
) -> None:
    """Two seconds an epoch, for the finalist's 20, and one to build the network."""
    baseline = _baseline(small_architecture)
    found = train(_finalist(), baseline, limit_s=limit_s)

    assert bool(pool.tasks) == is_trained
    assert (found[1] != baseline) == is_trained


def test_train_baseline_beside_finalists_without_results_is_left_out(
    pool: ValidatingPool, train: Train, small_architecture: Architecture
) -> None:
    """There is nothing to compare it with; nor without a baseline."""
    alone = _finalist(right=None), _baseline(small_architecture)

    assert train(*alone) == alone
    assert train(_finalist()) == (_finalist(),)
    assert pool.tasks == []


def test_train_baseline_again_takes_it_from_the_journal(
    pool: ValidatingPool, train: Train, small_architecture: Architecture
) -> None:
    """A ranking that is run again trains nothing twice."""
    contestants = _finalist(), _baseline(small_architecture)
    first = train(*contestants)

    assert train(*contestants) == first
    assert len(pool.tasks) == 1


def test_train_baseline_that_fails_has_no_results(
    pool: ValidatingPool, train: Train, small_architecture: Architecture
) -> None:
    """The finalists are compared all the same."""
    pool.outcome = Outcome(status="failed", reason="ValueError: planted")
    contestants = _finalist(), _baseline(small_architecture)

    assert train(*contestants) == contestants


def test_train_baseline_outage_is_said_and_costs_nothing(
    pool: ValidatingPool, train: Train, small_architecture: Architecture
) -> None:
    """Storage that is away is no fault of the network: the same command trains it."""
    good = pool.outcome
    full = Outage(message="No space left on device", errno=errno.ENOSPC)
    pool.outcome = Outcome.of_outage(full)
    contestants = _finalist(), _baseline(small_architecture)
    with pytest.raises(RankingError, match="run the same command"):
        train(*contestants)
    pool.outcome = good

    assert train(*contestants)[1].score == 0.6
