"""The clock of a job as a Keras callback, for every adapter whose peer trains by Keras.

None of the peers takes a limit in seconds. This callback ends a training in the middle
of an epoch when its time is up, and the search with it, and notes epochs on the way.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import keras
from contract import VALIDATION_SHARE, Job, Journal

SAVE_S = 2.0  # to write the delivered model
# without a finished epoch to plan with, a search leaves at least this much
UNKNOWN_SHARE = 0.5
MARGIN = 1.1  # on the seconds expected of a training on all rows


@dataclass
class BestTrial:
    """The trial of the best epoch so far.

    Attributes:
        score: Of that epoch, higher is better.
        epochs: Epochs until then.
        epoch_s: Wall seconds of an epoch, validation included.
        setup_s: Wall seconds of the first epoch beyond that: building, tracing.
    """

    score: float = -math.inf
    epochs: int = 0
    epoch_s: float = 0.0
    setup_s: float = 0.0

    def seconds_on_all_rows(self) -> float:
        """Return what a training on all rows for as many epochs is expected to take."""
        epochs_s = self.epochs * self.epoch_s / (1 - VALIDATION_SHARE)
        return MARGIN * (epochs_s + self.setup_s)


class Clock(keras.callbacks.Callback):
    """Ends trainings in time, counts epochs and training seconds.

    Args:
        job: Gives the seconds.
        search_share: Share of the budget for the search; None leaves what a training
            of the best trial on all rows, for as many epochs, is expected to take.
        monitor: By which the peer chooses the best trial and its epochs.
    """

    def __init__(
        self,
        job: Job,
        search_share: float | None = None,
        *,
        monitor: str = "val_accuracy",
    ) -> None:
        super().__init__()
        self._monitor = monitor
        self.job = job
        self.journal = Journal(job.journal, job)
        self.end_search: Callable[[], None] = lambda: None
        self.trials = 0
        self.epochs = 0
        self.training_s = 0.0
        self.best = BestTrial()
        self.is_final = False
        self._share = search_share
        self._epoch_lengths: list[float] = []
        self._began = self._batch_began = 0.0
        self._traced = False

    def __deepcopy__(self, memo: object) -> Clock:
        """Return the same clock: KerasTuner copies the callbacks of each trial."""
        return self

    @property
    def stop_s(self) -> float:
        """Second of the job at which the training under way ends."""
        if self.is_final:
            return self.job.seconds - SAVE_S
        if self._share is not None:
            return self._share * self.job.seconds
        if self.best.epochs:
            return self.job.seconds - SAVE_S - self.best.seconds_on_all_rows()
        return UNKNOWN_SHARE * self.job.seconds

    @property
    def is_over(self) -> bool:
        """Return whether the time of the search, or of the final training, is up."""
        return self.job.elapsed >= self.stop_s

    def resume(self, n_kept: int) -> None:
        """Note, in a session after a kill, what the peer has kept of the earlier one.

        Args:
            n_kept: Number of ended trials that the peer has read again.
        """
        if self.job.spent:
            self.journal.resumed(self.journal.kept_after(n_kept))

    def limit(self, tuner: Any) -> None:
        """Let a KerasTuner's search end in time, and note its trials in the journal.

        Args:
            tuner: A `keras_tuner.Tuner` that has read its state, before its search.
        """
        trials = tuner.oracle.trials
        self.resume(sum(one.status == "COMPLETED" for one in trials.values()))
        keep = tuner.on_trial_end

        def end_search() -> None:
            tuner.oracle.max_trials = len(tuner.oracle.trials)

        def on_trial_end(trial: object) -> None:
            keep(trial)
            self.journal.trial(self.trials)

        self.end_search, tuner.on_trial_end = end_search, on_trial_end

    def on_train_begin(self, logs: Any = None) -> None:
        """A training begins."""
        self.trials += not self.is_final
        self._epoch_lengths = []
        self._traced = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the watch of an epoch."""
        self._began = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Start the watch of a step."""
        self._batch_began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count the step's seconds, and end the training if its time is up."""
        if self._traced:
            self.training_s += time.monotonic() - self._batch_began
        self._traced = True
        if self.is_over:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch, and whether its trial is the best so far."""
        self.epochs += 1
        self._epoch_lengths.append(time.monotonic() - self._began)
        logs = logs or {}
        value = logs.get("val_accuracy")
        accuracy = None if value is None else float(value)
        self.journal.epoch(self.trials, epoch + 1, accuracy)
        if self.is_final or self._monitor not in logs:
            return
        sign = -1 if self._monitor.endswith("loss") else 1
        score = sign * float(logs[self._monitor])
        if score > self.best.score:
            first_s, *later_s = self._epoch_lengths
            epoch_s = median(later_s or [first_s])
            setup_s = max(0.0, first_s - epoch_s)
            self.best = BestTrial(score, epoch + 1, epoch_s, setup_s)

    def on_train_end(self, logs: Any = None) -> None:
        """End the search with the training that used up its time."""
        if not self.is_final and self.is_over:
            self.end_search()


class CosineToTheEnd(keras.callbacks.Callback):
    """Half a cosine of the learning rate over what is left of a job.

    Args:
        job: Gives the seconds.
    """

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self._from_s = job.elapsed
        self._peak = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Note the highest learning rate, which the optimizer was made with."""
        self._peak = float(self.model.optimizer.learning_rate)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set the learning rate of the step."""
        length = max(1.0, self._job.seconds - SAVE_S - self._from_s)
        share = min(1.0, (self._job.elapsed - self._from_s) / length)
        rate = self._peak * 0.5 * (1 + math.cos(math.pi * share))
        self.model.optimizer.learning_rate.assign(max(rate, 0.01 * self._peak))
