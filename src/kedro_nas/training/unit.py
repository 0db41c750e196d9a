"""Runs one task in this process: resume, train, score, save, report."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import TrainingError
from kedro_nas.files import write_file_atomically
from kedro_nas.records.search import FlipEffect
from kedro_nas.seeds import derive_seed, generator
from kedro_nas.statistics.image_pairs import pack_right
from kedro_nas.statistics.metrics import score_predictions
from kedro_nas.statistics.objectives import COLUMN, Objective, pack_scores
from kedro_nas.training.checkpoints import (
    Checkpoint,
    CheckpointMeta,
    load_checkpoint,
    save_checkpoint,
)
from kedro_nas.training.flip_choice import measure_flip_effect
from kedro_nas.training.learner import DeadlineError, Learner
from kedro_nas.training.learner_cache import LearnerCache
from kedro_nas.training.learner_setup import UNREADABLE, make_learner
from kedro_nas.training.long_training import LongTraining, TrainingProgress
from kedro_nas.training.outage import storage
from kedro_nas.training.pixels import development_pixels
from kedro_nas.training.recipe import learning_rates, two_phases
from kedro_nas.training.selection import draw_epoch, select_rows, thinned
from kedro_nas.training.stopwatch import Stopwatch
from kedro_nas.training.tasks import KINDS, Epoch, Outcome, Task
from kedro_nas.training.team import TeamLink

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Saved:
    """A checkpoint, and whether it is the task's own or its parent's."""

    checkpoint: Checkpoint
    is_own: bool


@dataclass(frozen=True)
class _ValidationScores:
    """Scores on the validation rows; None for a task that has none."""

    accuracy: float | None = None
    balanced_accuracy: float | None = None
    loss: float | None = None
    objective_score: float | None = None
    images: int | None = None


class Unit:
    """One task being trained.

    Args:
        task: What to train.
        learner: A live learner of this candidate from the rung below, or None.
        deadline: On `time.monotonic`'s clock, or None.
        on_epoch: Called after each epoch.
        fold_learners: Learners of earlier folds, of which a suitable one is reused.
        on_progress: Called after each part of the work; at least every few seconds
            while training.
    """

    def __init__(
        self,
        task: Task,
        *,
        learner: Learner | None,
        deadline: float | None,
        on_epoch: Callable[[Epoch], None],
        fold_learners: LearnerCache | None = None,
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._task = task
        self._deadline = deadline
        self._on_epoch = on_epoch
        self._seconds = dict.fromkeys(KINDS, 0.0)
        self._history: list[Epoch] = []
        self._right: str | None = None
        self._aim = Objective(task.objective, task.recall_floors)
        self._probabilities: NDArray[np.float32] | None = None
        self._progress = TrainingProgress()
        with storage(task.store, also=UNREADABLE):
            store = ImageStore.open(Path(task.store))
            self._pixels = development_pixels(
                task.store, store.fingerprint, task.max_resident_mb
            )
            train, held_out = select_rows(store, task.rows)
        self.fingerprint = store.fingerprint
        self._train = self._pixels.positions(train)
        share = thinned(held_out, store.labels, task.validation_share)
        self._held_out = self._pixels.positions(share)
        self._all_held_out = self._pixels.positions(held_out)
        with Stopwatch(self._seconds, "build"):
            saved = self._saved_state()
            if saved is None:
                learner = None  # without a history its number of epochs is unknown
            on_progress()
            self.learner = learner or make_learner(
                task, store, self._pixels, fold_learners, on_progress, fresh=not saved
            )
            self.learner.on_progress = on_progress
            self._resume(saved, fresh=learner is None)
        if learner is None:
            self._seconds["trace"] = self.learner.trace_s
            self._seconds["build"] -= self.learner.trace_s

    def _saved_state(self) -> _Saved | None:
        """Read this task's own checkpoint, else the parent's."""
        task = self._task
        lineage = task.lineage(self.fingerprint)
        for path in (task.checkpoint, task.parent):
            found = load_checkpoint(path, lineage)
            if found is not None:
                return _Saved(found, is_own=path == task.checkpoint)
        if task.epoch_start:
            logger.warning(
                "%s has no checkpoint of the rung below: trained from its first epoch.",
                task.task_id,
            )
        return None

    def _resume(self, saved: _Saved | None, *, fresh: bool) -> None:
        """Restore a saved state; without one start from the first epoch."""
        if saved is None:
            return
        if fresh or saved.is_own:
            self.learner.load(saved.checkpoint.arrays)
        self._history = list(saved.checkpoint.meta.history)
        elapsed_s = saved.checkpoint.meta.elapsed_s
        self._progress = TrainingProgress(len(self._history), elapsed_s)

    def run(self) -> Outcome:
        """Train to the end of the task, or to the deadline.

        Returns:
            The outcome; only errors that no outcome can describe are raised.
        """
        task = self._task
        if task.probe_steps is not None:
            return self._probe(task.probe_steps)
        if task.team is not None or task.train_s is not None:
            return self._train_long()
        try:
            while len(self._history) < task.epochs and not self._out_of_patience():
                self._epoch(len(self._history))
        except DeadlineError:
            if task.model_file is None:
                return self._outcome("stopped", "the budget ended before the epoch did")
            rng = generator(task.seed, "order", len(self._history))
            self.learner.estimate_batch_norm(rng.permutation(self._train))
        if task.model_file is not None:
            with storage(task.model_file):
                _save_model(self.learner, Path(task.model_file))
        return self._outcome("completed", self._cut_reason())

    def _train_long(self) -> Outcome:
        """Train to the end of the seconds or epochs, alone or with a team."""
        task, seconds = self._task, self._task.train_s
        if self._deadline is not None:
            left_s = self._deadline - time.monotonic() + self._progress.elapsed_s
            seconds = max(1.0, min(left_s, seconds or left_s))
        with TeamLink(task.team) as link, Stopwatch(self._seconds, "train"):
            training = LongTraining(
                task,
                self.learner,
                self._train,
                self._pixels.labels,
                link,
                self._progress,
                self._record_epoch,
                seconds=seconds,
            )
            training.run()
            if link.leads:
                rng = generator(task.seed, "order", self._progress.epoch)
                self.learner.estimate_batch_norm(rng.permutation(self._train))
        if link.leads and task.model_file is not None:
            with storage(task.model_file):
                _save_model(self.learner, Path(task.model_file))
        return self._outcome("completed", "")

    def _record_epoch(self, record: Epoch) -> None:
        """Save and report an epoch of a long training."""
        if not math.isfinite(record.train_loss):
            raise TrainingError("training diverged: the loss is not a number")
        self._history.append(record)
        self._checkpoint()
        self._on_epoch(record)

    def _probe(self, steps: int) -> Outcome:
        """Time some steps; the first, which compiles, counts as building."""
        batch = min(self._task.architecture.recipe.batch_size, len(self._train))
        order = np.resize(self._train, (steps, batch))
        rates = np.full((steps, 2), 1e-4, np.float32)
        with Stopwatch(self._seconds, "build"):
            self.learner.train_epoch(order[:1], rates[:1], seed=0)
        try:
            with Stopwatch(self._seconds, "train"):
                self.learner.train_epoch(order, rates, seed=0, deadline=self._deadline)
        except DeadlineError:
            return self._outcome("stopped", "the time for probes was up")
        return Outcome(status="completed", seconds=self._seconds)

    def _cut_reason(self) -> str:
        """Return a sentence on the training that the deadline cut off, or ''."""
        done = len(self._history)
        if done == self._task.epochs or self._out_of_patience():
            return ""
        return f"the budget ended after {done} of {self._task.epochs} epochs"

    def _epoch(self, epoch: int) -> None:
        task, learner = self._task, self.learner
        batch = min(task.architecture.recipe.batch_size, len(self._train))
        steps = len(self._train) // batch
        rng = generator(task.seed, "order", epoch)
        order = draw_epoch(self._train, self._pixels.labels, task.sampling, rng)
        rates = learning_rates(
            task.architecture.recipe.learning_rate,
            epoch=epoch,
            steps_per_epoch=steps,
            schedule_epochs=task.schedule_epochs,
        )
        before = dict(self._seconds)
        is_new = learner.first_step_s is None
        with Stopwatch(self._seconds, "train"):
            loss = learner.train_epoch(
                order[: steps * batch].reshape(steps, batch),
                two_phases(
                    rates,
                    epoch=epoch,
                    schedule_epochs=task.schedule_epochs,
                    whole_body=learner.frees_whole_body,
                ),
                seed=derive_seed(task.seed, "augmentation", epoch),
                deadline=self._deadline_of(epoch),
            )
            if not math.isfinite(loss):
                raise TrainingError("training diverged: the loss is not a number")
            learner.estimate_batch_norm(rng.permutation(self._train))
        with Stopwatch(self._seconds, "validate"):
            scores = self._validate(epoch)
        spent = {k: self._seconds[k] - before[k] for k in self._seconds}
        record = Epoch(
            epoch=epoch + 1,
            train_loss=loss,
            val_accuracy=scores.accuracy,
            val_balanced_accuracy=scores.balanced_accuracy,
            val_loss=scores.loss,
            val_objective_score=scores.objective_score,
            val_images=scores.images,
            learning_rate=float(rates[-1]),
            seconds_train=spent["train"],
            seconds_first_step=(learner.first_step_s or 0.0) if is_new else 0.0,
            seconds_validate=spent["validate"],
        )
        self._history.append(record)
        with Stopwatch(self._seconds, "checkpoint"):
            self._checkpoint()
        self._on_epoch(record)

    def _deadline_of(self, epoch: int) -> float | None:
        """Return the deadline of an epoch, None for the first one of a model."""
        return None if self._task.model_file and not epoch else self._deadline

    def _validate(self, epoch: int) -> _ValidationScores:
        if self._task.rows != "search":
            return _ValidationScores()
        rows = self._all_held_out if self._scores_all(epoch + 1) else self._held_out
        probabilities = self._predicted(rows)
        labels = self._pixels.labels[rows]
        scores = score_predictions(labels, probabilities)
        are_all = len(rows) == len(self._all_held_out)
        right = probabilities.argmax(axis=1) == labels
        self._right = pack_right(right) if are_all else None
        self._probabilities = probabilities if are_all else None
        return _ValidationScores(
            accuracy=scores["accuracy"],
            balanced_accuracy=scores["balanced_accuracy"],
            loss=scores["log_loss"],
            objective_score=self._own_score(labels, probabilities),
            images=len(rows),
        )

    def _own_score(
        self, labels: NDArray[np.int32], probabilities: NDArray[np.float32]
    ) -> float | None:
        """Return the objective where it is neither accuracy nor balanced accuracy."""
        aim = self._aim
        return None if aim.has_formula else aim.score(labels, probabilities)

    def _resampled(self) -> str | None:
        """Return the objective on resampled images, None where a formula serves."""
        if self._aim.has_formula or self._probabilities is None:
            return None
        labels = self._pixels.labels[self._all_held_out]
        return pack_scores(self._aim.resampled(labels, self._probabilities))

    def _lacks_results(self) -> bool:
        """Return whether the last epoch was scored by a session that was killed."""
        done = len(self._history)
        return self._task.rows == "search" and done > 0 and self._scores_all(done)

    def _scores_all(self, epochs: int) -> bool:
        """Return whether an epoch, counted from 1, is scored on all rows."""
        first = self._task.share_epochs
        is_all = len(self._held_out) == len(self._all_held_out)
        return is_all or (first is not None and epochs > first)

    def _predicted(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        probabilities = self.learner.predict(rows)
        if not np.isfinite(probabilities).all():
            raise TrainingError("the network's outputs are not numbers")
        return probabilities

    def _flip_effect(self) -> FlipEffect | None:
        rows = self._all_held_out
        if not len(rows):
            return None
        return measure_flip_effect(
            self._pixels.labels[rows],
            self.learner.predict(rows),
            self.learner.predict(rows, mirrored=True),
        )

    def _checkpoint(self) -> None:
        if self._task.checkpoint is None:
            return
        meta = CheckpointMeta(
            epochs=len(self._history),
            elapsed_s=self._progress.elapsed_s,
            history=tuple(self._history),
            lineage=self._task.lineage(self.fingerprint),
        )
        save_checkpoint(Path(self._task.checkpoint), self.learner.state(), meta)

    def _objective(self) -> list[float]:
        values = [epoch.objective(self._task.objective) for epoch in self._history]
        return [value for value in values if value is not None]

    def _out_of_patience(self) -> bool:
        scores, patience = self._objective(), self._task.patience
        if patience is None or not scores:
            return False
        return len(scores) - 1 - int(np.argmax(scores)) >= patience

    def _outcome(self, status: Any, reason: str) -> Outcome:
        scores = self._objective()
        if status == "completed" and self._right is None and self._lacks_results():
            self._validate(len(self._history) - 1)
        resampled = None
        if status == "completed":
            with Stopwatch(self._seconds, "validate"):
                resampled = self._resampled()
        last = scores[-self._task.smoothing_epochs :]
        outcome = Outcome(
            status=status,
            reason=reason,
            history=self._history,
            score=float(np.mean(last)) if last else None,
            early_stopped=self._out_of_patience(),
            right=self._right,
            resampled=resampled,
        )
        if status == "completed" and self._task.rows.startswith("fold"):
            with Stopwatch(self._seconds, "validate"):
                labels = self._pixels.labels[self._held_out]
                shares = self._predicted(self._held_out)
                own = self._own_score(labels, shares)
                outcome.fold_scores = {
                    **score_predictions(labels, shares),
                    **({} if own is None else {COLUMN: own}),
                }
        if status == "completed" and self._task.measures_flips:
            with Stopwatch(self._seconds, "validate"):
                outcome.flip_effect = self._flip_effect()
        outcome.seconds = self._seconds
        return outcome


def _save_model(learner: Learner, path: Path) -> None:
    write_file_atomically(path, learner.portable_model().save)
