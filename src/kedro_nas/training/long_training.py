"""Full training for a number of epochs or of seconds, alone or in a team.

The learning rate follows the completed share of the training. With a limit in seconds
that is the elapsed share of the time, so that the schedule always runs to its end,
however fast the machine is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.seeds import derive_seed, generator
from kedro_nas.training.flat_state import FlatState
from kedro_nas.training.learner import Learner
from kedro_nas.training.recipe import rates_at, rates_of_parts
from kedro_nas.training.selection import draw_epoch
from kedro_nas.training.tasks import Epoch, Task
from kedro_nas.training.team import Round, TeamLink

_SMOOTHING = 0.2  # of the estimate of a step's seconds
_WARM_UP = (1, 4)  # steps of the first rounds, which include graph optimisation
_MOST_STEPS = 100  # of a round of a network that is trained by one worker


@dataclass
class TrainingProgress:
    """How far a training has come; saved in its checkpoint.

    Attributes:
        epoch: Complete passes over the rows, by all members together.
        elapsed_s: Seconds of training, all sessions.
    """

    epoch: int = 0
    elapsed_s: float = 0.0


class LongTraining:
    """The training of one network on one set of rows, from its progress to the end.

    Args:
        task: `epochs`, `seed`, `team` and the recipe are followed.
        learner: Holds the network; a resumed one is loaded already.
        rows: Positions of all training rows; members of a team take turns.
        labels: Class ids by position.
        link: Connections to the other members.
        progress: Where to start; kept up to date.
        on_epoch: Called on member 0 after each epoch, with all members' mean weights
            in the learner.
        seconds: Of training, all sessions; None for `epochs` of the task.
    """

    def __init__(
        self,
        task: Task,
        learner: Learner,
        rows: NDArray[np.int32],
        labels: NDArray[np.integer],
        link: TeamLink,
        progress: TrainingProgress,
        on_epoch: Callable[[Epoch], None],
        seconds: float | None,
    ) -> None:
        self._task, self._learner, self._rows = task, learner, rows
        self._labels = labels
        self._link, self._progress, self._on_epoch = link, progress, on_epoch
        team = task.team
        self._rank, self._size = (team.rank, team.size) if team else (0, 1)
        self._most = team.every_steps if team else _MOST_STEPS
        recipe = task.architecture.recipe
        self._batch = max(1, min(recipe.batch_size, len(rows) // self._size))
        self._steps = max(1, len(rows) // (self._batch * self._size))  # per epoch
        self._variables: list[Any] = []
        self._seconds = seconds
        self._step_s: float | None = None
        self._rounds = 0
        self._done = 0  # steps of the present epoch
        self._losses: list[float] = []
        self._rate = 0.0

    def run(self) -> None:
        """Train until the epochs or the seconds are over.

        Raises:
            TrainingError: The loss is not a number, or a member of the team was lost.
        """
        self._average()  # a resumed member 0 hands its state to the others
        began, before = time.monotonic(), self._progress.elapsed_s
        epoch_began, order = began, self._order()
        while True:
            wanted = self._propose_round() if self._link.leads else None
            now = self._link.agree(wanted)
            if now.steps == 0:
                break
            self._train(order, now)
            self._progress.elapsed_s = before + time.monotonic() - began
            if self._done == self._steps:
                self._finish_epoch(time.monotonic() - epoch_began)
                epoch_began, order = time.monotonic(), self._order()
        if self._losses:  # a part of an epoch counts, as its steps do
            self._finish_epoch(time.monotonic() - epoch_began)

    def _propose_round(self) -> Round:
        """Return what member 0 proposes for the next round."""
        epoch = self._progress.epoch
        steps = min(self._most, self._steps - self._done)
        if self._seconds is None:
            total = self._task.epochs * self._steps
            share = (epoch * self._steps + self._done) / total
            return Round(epoch, steps * (epoch < self._task.epochs), share, 1 / total)
        left_s = self._seconds - self._progress.elapsed_s
        share = self._progress.elapsed_s / self._seconds
        if self._step_s is None:
            steps = min(steps, _WARM_UP[min(self._rounds, len(_WARM_UP) - 1)])
            return Round(epoch, steps, share, 0.0)
        steps = max(0, min(steps, int(left_s / self._step_s)))
        return Round(epoch, steps, share, self._step_s / self._seconds)

    def _train(self, order: NDArray[np.int32], now: Round) -> None:
        steps = np.arange(now.steps, dtype=np.float64)
        progress = now.progress + now.progress_per_step * steps
        rates = rates_at(self._task.architecture.recipe.learning_rate, progress)
        self._rate = float(rates[-1])
        part = order[self._done : self._done + now.steps]
        seed = derive_seed(
            self._task.seed, "augmentation", now.epoch, self._rank, self._done
        )
        began = time.monotonic()
        loss = self._learner.train_epoch(
            part,
            rates_of_parts(rates, progress, whole_body=self._learner.frees_whole_body),
            seed=seed,
        )
        self._average()
        self._update_step_s((time.monotonic() - began) / now.steps)
        self._losses += [loss] * now.steps
        self._done += now.steps

    def _update_step_s(self, step_s: float) -> None:
        """Update the estimate of a step's seconds, without the steps that compile."""
        self._rounds += 1
        if self._rounds <= len(_WARM_UP):
            return
        change = step_s - (self._step_s or step_s)
        self._step_s = (self._step_s or step_s) + _SMOOTHING * change

    def _average(self) -> None:
        if self._task.team is None:
            return
        variables = self._learner.averaged_variables()
        if not self._variables or variables[0] is not self._variables[0]:
            # the first step may have built the network again, in float32
            self._variables, self._flat = variables, FlatState(variables)
        self._flat.write(self._link.average(self._flat.read()))

    def _finish_epoch(self, seconds: float) -> None:
        self._progress.epoch += 1
        record = Epoch(
            epoch=self._progress.epoch,
            train_loss=float(np.mean(self._losses)),
            learning_rate=self._rate,
            seconds_train=seconds,
        )
        self._losses, self._done = [], 0
        if self._link.leads:
            self._on_epoch(record)

    def _order(self) -> NDArray[np.int32]:
        """Return this member's batches of the present epoch, `(steps, batch)`."""
        rng = generator(self._task.seed, "order", self._progress.epoch)
        order = draw_epoch(self._rows, self._labels, self._task.sampling, rng)
        mine = order[self._rank :: self._size]
        return mine[: self._steps * self._batch].reshape(self._steps, self._batch)
