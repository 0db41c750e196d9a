"""A space and a proposer small enough to count on fingers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.ancestry import Ancestry
from kedro_nas.search.delayed_proposer import DelayedProposer
from kedro_nas.search.driver import Driver
from kedro_nas.search.ladder import Ladder, Limits
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.trial import Trial
from kedro_nas.search.trial_schedule import Place, TrialSchedule
from kedro_nas.space.architecture import Architecture, Recipe, Stage, Stem
from kedro_nas.space.bounds import Bounds, DataFacts
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.statistics.image_pairs import pack_right
from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event


def make_architecture(number: int) -> Architecture:
    """Make the architecture of a given number; width carries the number."""
    return Architecture(
        input_shape=(8, 8, 1),
        n_classes=2,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=(Stage(block="conv", depth=1, width=number, kernel_size=3, stride=1),),
        recipe=Recipe(),
    )


class CountedSpace:
    """Knows architectures by one number, 1 to `size`."""

    def __init__(self, size: int) -> None:
        self.choices = {"width": tuple(range(1, size + 1))}
        self.anchors = (make_architecture(1),)
        self.bounds = Bounds()

    def encode(self, architecture: Architecture) -> dict[str, Any]:
        return {"width": architecture.stages[0].width}

    def decode(self, values: dict[str, Any]) -> Architecture:
        return make_architecture(values["width"])


class CountingProposer:
    """Proposes 1, 2, 3, ... and then nothing."""

    learns = False

    def __init__(self, size: int) -> None:
        self._left = list(range(1, size + 1))

    def ask(self, limits: Bounds) -> Architecture | None:
        return make_architecture(self._left.pop(0)) if self._left else None

    def repeat(self, architecture: Architecture) -> None:
        self._left.pop(0)

    def tell(self, outcome: ProposalOutcome[Architecture]) -> None:
        pass


class LearningProposer:
    """Proposes a number that depends on every outcome it was told, in their order."""

    learns = True

    def __init__(self) -> None:
        self._told, self._given = 0, set[int]()

    def ask(self, limits: Bounds) -> Architecture:
        number = self._told % 150 + 1
        while number in self._given:
            number += 1
        self._given.add(number)
        return make_architecture(number)

    def repeat(self, architecture: Architecture) -> None:
        self._given.add(architecture.stages[0].width)

    def tell(self, outcome: ProposalOutcome[Architecture]) -> None:
        width = outcome.architecture.stages[0].width
        self._told = (31 * self._told + width + outcome.epochs) % 10_007


@pytest.fixture
def make_oracle() -> Callable[..., HyperbandOracle]:
    """Make an oracle over a counted space."""

    def make(*, size: int = 10_000, **changes: Any) -> HyperbandOracle:
        limits = Limits(
            iterations=changes.pop("iterations", 1),
            max_trials=changes.pop("max_trials", None),
            max_epochs_total=changes.pop("max_epochs_total", None),
        )
        ladder = Ladder(
            changes.pop("min_epochs", 1),
            changes.pop("max_epochs", 9),
            changes.pop("factor", 3),
            is_single=changes.pop("is_single", False),
            n_immune=len(changes.get("immune", ())),
        )
        proposer = changes.pop("proposer", None) or CountingProposer(size)
        delayed = DelayedProposer(
            proposer,
            lag=changes.pop("learning_lag", 8),
            limits=Bounds(),
            stop_rule=changes.pop("stop_rule", None),
            ancestry=Ancestry(is_on=changes.pop("inherits", False)),
        )
        options: dict[str, Any] = {"slope_places": 0, "seed": 0, **changes}
        return HyperbandOracle(
            space=CountedSpace(min(size, 200)),  # type: ignore[arg-type]
            proposer=delayed,
            ladder=ladder,
            limits=limits,
            **options,
        )

    return make


FAILURES = {
    "failed": "ValueError: planted",
    "oom": "out of memory: 3 GiB",
}


class ScriptedPool:
    """Workers that train nothing: score and fate follow from the architecture.

    Args:
        size: Number of workers.
        fate: Gives for a task and attempt `score`, `early` for a score after which
            patience ran out, a failure, `stopped`, `lost`,
            `crash`, or the number of a system error that the worker met; a crash raises
            out of `wait`, as a kill of the driver would.
        order: `fifo` or `lifo`: which running task ends first.
        curve: Gives the accuracy of an architecture's width after so many epochs.
        balanced: The same for the balanced accuracy, for which a task may be scored.
    """

    def __init__(
        self,
        size: int,
        fate: Callable[[Task, int], str | int] = lambda *_: "score",
        order: str = "fifo",
        curve: Callable[[int, int], float] = lambda width, n: (
            (width * 37 % 101) / 101 * (1 - 0.5**n)
        ),
        balanced: Callable[[int, int], float] | None = None,
    ) -> None:
        self.size = size
        self.submitted: list[Task] = []
        self.granted: list[float | None] = []
        self._fate, self._order = fate, order
        self._curves = curve, balanced or curve
        self._running: dict[int, Task] = {}

    def free(self) -> list[int]:
        return [i for i in range(self.size) if i not in self._running]

    def holds(self, checkpoint: str) -> int | None:
        return None

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.submitted.append(task)
        self.granted.append(remaining_s)
        self._running[worker] = task

    def wait(self, timeout_s: float) -> list[Event]:
        if not self._running:
            return []
        workers = list(self._running)
        worker = workers[0] if self._order == "fifo" else workers[-1]
        task = self._running.pop(worker)
        attempt = sum(t.task_id == task.task_id for t in self.submitted)
        fate = self._fate(task, attempt)
        if fate == "crash":
            raise SimulatedKill
        if fate == "lost":
            return [Event("lost", worker, task.task_id, reason="signal 9")]
        if isinstance(fate, int):
            outage = Outage(message=os.strerror(fate), path="/store", errno=fate)
            outcome = Outcome.of_outage(outage)
            return [Event("end", worker, task.task_id, outcome=outcome)]
        if fate in FAILURES:
            outcome = Outcome(status="failed", reason=FAILURES[fate])
            return [Event("end", worker, task.task_id, outcome=outcome)]
        history = [self._epoch(task, n) for n in range(1, task.epochs + 1)]
        told = [
            Event("epoch", worker, task.task_id, epoch=epoch)
            for epoch in history[task.epoch_start :]
        ]
        scores = [epoch.objective(task.objective) for epoch in history]
        last = [score for score in scores if score is not None][-3:]
        outcome = Outcome(
            status="completed",
            history=history,
            score=sum(last) / len(last),
            early_stopped=fate == "early",
            right=pack_right(np.arange(8) < task.architecture.stages[0].width % 9),
        )
        if fate == "stopped":
            outcome = Outcome(status="stopped", reason="the budget ended")
            return [Event("end", worker, task.task_id, outcome=outcome)]
        return [*told, Event("end", worker, task.task_id, outcome=outcome)]

    def _epoch(self, task: Task, number: int) -> Epoch:
        width = task.architecture.stages[0].width
        accuracy, balanced = (curve(width, number) for curve in self._curves)
        return Epoch(
            epoch=number,
            train_loss=1 - accuracy,
            val_accuracy=accuracy,
            val_balanced_accuracy=balanced,
            val_loss=1 - accuracy,
            learning_rate=0.001,
            seconds_train=1.0,
        )

    def close(self) -> None:
        pass


class SimulatedKill(BaseException):
    """The driver dies here."""


class RecordingProgress:
    """Shows nothing and records the names of the trials that ended."""

    def __init__(self) -> None:
        self.ended_trials: list[str] = []

    def started(self, trial_name: str, place: Place) -> None:
        pass

    def epoch(self, trial_name: str, epoch: Epoch) -> None:
        pass

    def ended(self, architecture: Architecture, outcome: Outcome, place: Place) -> None:
        self.ended_trials.append(place.name)


@pytest.fixture
def make_driver(
    make_oracle: Callable[..., HyperbandOracle], tmp_path: Path
) -> Callable[..., tuple[Driver, Ledger]]:
    """Make a driver in a folder; made again there, it goes on from the ledger.

    With a `schedule` it trains that, else a counted space by Hyperband.
    """

    def make(folder: str = "search", **changes: Any) -> tuple[Driver, Ledger]:
        place = tmp_path / folder
        objective = changes.pop("objective", "accuracy")
        budget_s = changes.pop("budget_s", None)
        ledger = Ledger(place / "ledger.jsonl")
        schedule: TrialSchedule | None = changes.pop("schedule", None)
        if schedule is None:
            options = {"max_trials": 30, "iterations": None, **changes}
            schedule = make_oracle(**options)

        def task(trial: Trial, start: int, end: int) -> Task:
            return Task(
                task_id=trial.name,
                architecture=trial.architecture,
                store="",
                rows="search",
                epoch_start=start,
                epochs=end,
                schedule_epochs=9,
                seed=0,
                objective=objective,
            )

        driver = Driver(
            schedule=schedule,
            ledger=ledger,
            make_task=task,
            checkpoints=place / "checkpoints",
            progress=RecordingProgress(),  # type: ignore[arg-type]
            objective=objective,
            budget_s=budget_s,
            max_attempts=2,
        )
        return driver, ledger

    return make


@pytest.fixture
def scripted_pool() -> type[ScriptedPool]:
    """Give the pool whose workers follow a script."""
    return ScriptedPool


@pytest.fixture
def simulated_kill() -> type[SimulatedKill]:
    """Give what a scripted crash raises."""
    return SimulatedKill


@pytest.fixture
def numbered() -> Callable[[int], Architecture]:
    """Give the architecture of a number."""
    return make_architecture


@pytest.fixture(scope="session")
def small_space() -> SearchSpace:
    """Give a space for the images of `store_folder`, as if there were many."""
    data = DataFacts((8, 8, 1), 2, 8_000)
    return build_search_space(SearchSpaceOptions(), data, seed=0)
