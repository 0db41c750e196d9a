"""Long trainings: the schedule follows what is done, in epochs or in seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kedro_nas.training.long_training import LongTraining, TrainingProgress
from kedro_nas.training.recipe import WARMUP_SHARE
from kedro_nas.training.tasks import Epoch, Task
from kedro_nas.training.team import TeamLink

PEAK = 5e-3  # of the fixture's recipe


class ScriptedLearner:
    """Counts steps instead of taking them."""

    frees_whole_body = False

    def __init__(self, step_s: float = 0.0) -> None:
        self.rates: list[float] = []
        self.rows: list[int] = []
        self.seeds: list[int] = []
        self._step_s = step_s

    def train_epoch(self, order: Any, rates: Any, *, seed: int) -> float:
        time.sleep(self._step_s * len(order))
        self.rates += rates[:, 0].tolist()
        self.rows += order.ravel().tolist()
        self.seeds.append(seed)
        return 1.0


def _run(
    task: Task,
    learner: ScriptedLearner,
    *,
    seconds: float | None = None,
    progress: TrainingProgress | None = None,
) -> list[Epoch]:
    epochs: list[Epoch] = []
    rows = np.arange(320, dtype=np.int32)
    with TeamLink(None) as link:
        LongTraining(
            task,
            learner,  # type: ignore[arg-type]
            rows,
            np.zeros(320, np.int32),
            link,
            progress or TrainingProgress(),
            epochs.append,
            seconds=seconds,
        ).run()
    return epochs


def test_epochs_read_each_row_once_each(make_task: Callable[..., Task]) -> None:
    """Each epoch reads every row once, in an order of its own."""
    learner = ScriptedLearner()

    epochs = _run(make_task(epochs=3), learner)

    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
    passes = np.array(learner.rows).reshape(3, 320)
    assert (np.sort(passes, axis=1) == np.arange(320)).all()
    assert not (passes[0] == passes[1]).all()


def test_epochs_end_with_the_rate_at_its_least(make_task: Callable[..., Task]) -> None:
    """The rate warms up, reaches its peak, and ends at a hundredth of it."""
    learner = ScriptedLearner()

    _run(make_task(epochs=10), learner)

    assert learner.rates[0] < 0.02 * PEAK
    assert max(learner.rates) == pytest.approx(PEAK, rel=0.01)
    assert learner.rates[-1] == pytest.approx(0.01 * PEAK, rel=0.1)
    warm = round(WARMUP_SHARE * len(learner.rates))
    assert np.argmax(learner.rates) == pytest.approx(warm, abs=1)


def test_resumed_epochs_go_on_where_they_were(make_task: Callable[..., Task]) -> None:
    """A training that goes on after two epochs takes the steps of the third."""
    whole, rest = ScriptedLearner(), ScriptedLearner()

    _run(make_task(epochs=3), whole)
    _run(make_task(epochs=3), rest, progress=TrainingProgress(epoch=2))

    assert rest.rows == whole.rows[-320:]
    assert rest.rates == whole.rates[-10:]
    assert rest.seeds == whole.seeds[-len(rest.seeds) :]


def test_seconds_are_filled_and_kept(make_task: Callable[..., Task]) -> None:
    """A training of seconds takes them, and its rate falls to the end with them."""
    learner = ScriptedLearner(step_s=0.005)
    progress = TrainingProgress()
    began = time.monotonic()

    _run(make_task(train_s=1.5), learner, seconds=1.5, progress=progress)
    took = time.monotonic() - began

    assert 1.2 < took < 2.5
    assert progress.elapsed_s == pytest.approx(took, abs=0.2)
    assert learner.rates[-1] < 0.1 * PEAK


def test_seconds_of_earlier_sessions_count(make_task: Callable[..., Task]) -> None:
    """A resumed training of seconds takes only those that are left."""
    learner = ScriptedLearner(step_s=0.005)
    began = time.monotonic()

    _run(
        make_task(train_s=60.0),
        learner,
        seconds=60.0,
        progress=TrainingProgress(epoch=7, elapsed_s=59.4),
    )

    assert time.monotonic() - began < 5
