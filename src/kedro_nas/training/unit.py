"""Run one task in this process: resume, train, score, checkpoint, say."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import TrainingError
from kedro_nas.files import write_file_atomically
from kedro_nas.ranking.metrics import score_predictions
from kedro_nas.seeds import derive_seed, generator
from kedro_nas.training.checkpoints import load_checkpoint, save_checkpoint
from kedro_nas.training.learner import DeadlineError, Learner
from kedro_nas.training.long_training import LongTraining, Progress
from kedro_nas.training.pixels import DevelopmentPixels, development_pixels
from kedro_nas.training.recipe import learning_rates, two_phases
from kedro_nas.training.spares import Spares
from kedro_nas.training.tasks import KINDS, Epoch, Outcome, Task
from kedro_nas.training.team import TeamLink

Say = Callable[[Epoch], None]


class Unit:
    """One task being trained.

    Args:
        task: What to train.
        learner: A live learner of this candidate from the rung below, or None.
        deadline: On `time.monotonic`'s clock, or None.
        say: Called after each epoch.
        spares: Learners of earlier folds, one of which may suit.
    """

    def __init__(
        self,
        task: Task,
        *,
        learner: Learner | None,
        deadline: float | None,
        say: Say,
        spares: Spares | None = None,
    ) -> None:
        self._task = task
        self._deadline = deadline
        self._say = say
        self._seconds = dict.fromkeys(KINDS, 0.0)
        self._history: list[Epoch] = []
        self._progress = Progress()
        store = ImageStore.open(Path(task.store))
        self.fingerprint = store.fingerprint
        self._pixels = development_pixels(
            task.store, store.fingerprint, task.max_resident_mb
        )
        train, held_out = select_rows(store, task.rows)
        self._train = self._pixels.positions(train)
        held_out = thinned(held_out, store.labels, task.validation_share)
        self._held_out = self._pixels.positions(held_out)
        with _Clock(self._seconds, "build"):
            self.learner = learner or make_learner(task, store, self._pixels, spares)
            self._resume(fresh=learner is None)
        if learner is None:
            self._seconds["trace"] = self.learner.trace_s
            self._seconds["build"] -= self.learner.trace_s

    def _resume(self, *, fresh: bool) -> None:
        """Go on from this task's own checkpoint, else from the parent's."""
        task = self._task
        lineage = task.lineage(self.fingerprint)
        own = load_checkpoint(task.checkpoint, lineage)
        found = own or load_checkpoint(task.parent, lineage)
        if found is None:
            if task.epoch_start:
                raise TrainingError("the checkpoint of the rung below is missing")
            return
        arrays, meta = found
        if fresh or own is not None:
            self.learner.load(arrays)
        self._history = [Epoch.model_validate(line) for line in meta["history"]]
        self._progress = Progress(len(self._history), meta.get("elapsed_s", 0.0))

    def run(self) -> Outcome:
        """Train to the end of the task, or to the deadline.

        Returns:
            The outcome; raising is left to what cannot be scored.
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
            _save_model(self.learner, Path(task.model_file))
        return self._outcome("completed", self._cut())

    def _train_long(self) -> Outcome:
        """Train to the end of the seconds or epochs, alone or with a team."""
        task, seconds = self._task, self._task.train_s
        if self._deadline is not None:
            left_s = self._deadline - time.monotonic() + self._progress.elapsed_s
            seconds = max(1.0, min(left_s, seconds or left_s))
        with TeamLink(task.team) as link, _Clock(self._seconds, "train"):
            training = LongTraining(
                task,
                self.learner,
                self._train,
                link,
                self._progress,
                self._ended,
                seconds=seconds,
            )
            training.run()
            if link.leads:
                rng = generator(task.seed, "order", self._progress.epoch)
                self.learner.estimate_batch_norm(rng.permutation(self._train))
        if link.leads and task.model_file is not None:
            _save_model(self.learner, Path(task.model_file))
        return self._outcome("completed", "")

    def _ended(self, record: Epoch) -> None:
        """Keep an epoch of a long training."""
        if not math.isfinite(record.train_loss):
            raise TrainingError("training diverged: the loss is not a number")
        self._history.append(record)
        self._checkpoint()
        self._say(record)

    def _probe(self, steps: int) -> Outcome:
        """Time some steps; the first, which compiles, counts as building."""
        batch = min(self._task.architecture.recipe.batch_size, len(self._train))
        order = np.resize(self._train, (steps, batch))
        rates = np.full((steps, 2), 1e-4, np.float32)
        with _Clock(self._seconds, "build"):
            self.learner.train_epoch(order[:1], rates[:1], seed=0)
        try:
            with _Clock(self._seconds, "train"):
                self.learner.train_epoch(order, rates, seed=0, deadline=self._deadline)
        except DeadlineError:
            return self._outcome("stopped", "the time for probes was up")
        return Outcome(status="completed", seconds=self._seconds)

    def _cut(self) -> str:
        """Say how much of a model's training the deadline left out, if any."""
        done = len(self._history)
        if done == self._task.epochs or self._out_of_patience():
            return ""
        return f"the budget ended after {done} of {self._task.epochs} epochs"

    def _epoch(self, epoch: int) -> None:
        task, learner = self._task, self.learner
        batch = min(task.architecture.recipe.batch_size, len(self._train))
        steps = len(self._train) // batch
        rng = generator(task.seed, "order", epoch)
        order = rng.permutation(self._train)
        rates = learning_rates(
            task.architecture.recipe.learning_rate,
            epoch=epoch,
            steps_per_epoch=steps,
            schedule_epochs=task.schedule_epochs,
        )
        before = dict(self._seconds)
        is_new = learner.first_step_s is None
        with _Clock(self._seconds, "train"):
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
        with _Clock(self._seconds, "validate"):
            scores = self._validate()
        spent = {k: self._seconds[k] - before[k] for k in self._seconds}
        record = Epoch(
            epoch=epoch + 1,
            train_loss=loss,
            learning_rate=float(rates[-1]),
            seconds_train=spent["train"],
            seconds_first_step=(learner.first_step_s or 0.0) if is_new else 0.0,
            seconds_validate=spent["validate"],
            **scores,
        )
        self._history.append(record)
        with _Clock(self._seconds, "checkpoint"):
            self._checkpoint()
        self._say(record)

    def _deadline_of(self, epoch: int) -> float | None:
        """Return when an epoch is cut; where a model is wanted the first never is."""
        return None if self._task.model_file and not epoch else self._deadline

    def _validate(self) -> dict[str, Any]:
        if self._task.rows != "search":
            return {}
        scores = self._scores()
        return {
            "val_accuracy": scores["accuracy"],
            "val_balanced_accuracy": scores["balanced_accuracy"],
            "val_loss": scores["log_loss"],
            "val_images": len(self._held_out),
        }

    def _scores(self) -> dict[str, Any]:
        probabilities = self.learner.predict(self._held_out)
        if not np.isfinite(probabilities).all():
            raise TrainingError("the network's outputs are not numbers")
        return score_predictions(self._pixels.labels[self._held_out], probabilities)

    def _checkpoint(self) -> None:
        if self._task.checkpoint is None:
            return
        meta = {
            "epochs": len(self._history),
            "elapsed_s": self._progress.elapsed_s,
            "history": [epoch.model_dump() for epoch in self._history],
            "lineage": self._task.lineage(self.fingerprint),
        }
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
        last = scores[-self._task.smoothing_epochs :]
        outcome = Outcome(
            status=status,
            reason=reason,
            history=self._history,
            score=float(np.mean(last)) if last else None,
            early_stopped=self._out_of_patience(),
        )
        if status == "completed" and self._task.rows.startswith("fold"):
            with _Clock(self._seconds, "validate"):
                outcome.fold_scores = self._scores()
        outcome.seconds = self._seconds
        return outcome


class _Clock:
    """Adds the seconds of a `with` block to one kind."""

    def __init__(self, seconds: dict[str, float], kind: str) -> None:
        self._seconds, self._kind = seconds, kind

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._kind] += time.monotonic() - self._began


def select_rows(
    store: ImageStore, rows: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Turn a task's `rows` into training and held-out row numbers."""
    if rows == "search":
        return store.rows("train"), store.rows("val")
    if rows == "dev":
        return store.rows("dev"), np.empty(0, np.int64)
    _, repeat, fold = rows.split(":")
    return store.fold(int(repeat), int(fold))


def thinned(
    rows: NDArray[np.int64], labels: NDArray[np.integer], share: float
) -> NDArray[np.int64]:
    """Keep a share of the rows of each class, at least one, evenly spaced.

    No seed has a say: every candidate is scored on the same images.

    >>> thinned(np.arange(10), np.array([0] * 8 + [1] * 2), 0.5)
    array([0, 2, 4, 6, 8])
    """
    if share == 1:
        return rows
    kept = []
    for label in np.unique(labels[rows]):
        members = rows[labels[rows] == label]
        n = math.ceil(len(members) * share)
        kept.append(members[np.arange(n) * len(members) // n])
    return np.sort(np.concatenate(kept))


def make_learner(
    task: Task,
    store: ImageStore,
    pixels: DevelopmentPixels,
    spares: Spares | None = None,
) -> Learner:
    """Build the learner of a task; normalisation from its training rows only.

    Args:
        task: What to train.
        store: Its images.
        pixels: The same, of development rows.
        spares: One that suits is started anew instead.
    """
    mean, std = _statistics(task.store, store.fingerprint, task.rows)
    seed = derive_seed(task.seed, "weights")
    spare: Learner | None = (
        None if spares is None else spares.take(task, store.fingerprint)
    )
    if spare is not None:
        spare.restart(mean=mean, std=std, seed=seed)
        return spare
    return Learner(
        task.architecture,
        pixels,
        mean=mean,
        std=std,
        bn_momentum=task.bn_momentum,
        class_weights=task.class_weights,
        seed=seed,
        execution=task.execution,
    )


@lru_cache(maxsize=16)
def _statistics(
    path: str, fingerprint: str, rows: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Read the statistics of some training rows once per process, not per candidate."""
    store = ImageStore.open(Path(path))
    mean, std = store.channel_statistics(select_rows(store, rows)[0])
    return tuple(map(float, mean)), tuple(map(float, std))


def _save_model(learner: Learner, path: Path) -> None:
    write_file_atomically(path, learner.portable_model().save)
