"""One unit of training as a value: what a worker is handed, and what it says.

A task is JSON, so it can run wherever the image store can be read: another process,
another machine. It is complete: the same task gives the same outcome anywhere, and
its digest names its result for good.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.execution import PLAIN

# what a worker's seconds go to; the ledger adds `wait`
KINDS = ("import", "build", "trace", "train", "validate", "checkpoint")
OUT_OF_MEMORY = "out of memory"  # how the reason of such a failure begins


class Task(BaseModel):
    """One unit of training.

    Attributes:
        task_id: Names it in the ledger and its checkpoint on disk.
        architecture: Network and recipe.
        store: Path of the `ImageStore`.
        rows: `search` (train, scored on val), `fold:<repeat>:<k>` (the other folds,
            scored once at the end on fold k), or `dev` (all but test, never scored).
        epoch_start: Epochs already done by the parent rung.
        epochs: Cumulative epochs at the end of this task.
        schedule_epochs: Length over which warm-up and cosine are laid out; longer than
            `epochs` when a later rung continues this task.
        seed: Of weights, batches, dropout and augmentation.
        checkpoint: File that holds the state after each epoch, read first when there.
        parent: Checkpoint of the rung below, or null.
        objective: What `score` and patience look at.
        patience: Epochs without a better score before stopping; null never stops.
        smoothing_epochs: The score is the mean of so many last epochs.
        validation_share: Share of each class of the validation rows that is scored.
        bn_momentum: Of all batch normalisations.
        class_weights: Per class id, or null.
        max_resident_mb: See `SearchOptions.max_resident_mb`.
        execution: Compilation and precision of the steps.
        probe_steps: Only time so many steps; nothing is scored or kept.
        model_file: Where to save the trained model (`.keras`), or null.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str
    architecture: Architecture
    store: str
    rows: str = Field(pattern=r"^(search|dev|fold:\d+:\d+)$")
    epoch_start: int = Field(0, ge=0)
    epochs: int = Field(ge=1)
    schedule_epochs: int = Field(ge=1)
    seed: int
    checkpoint: str | None = None
    parent: str | None = None
    objective: Literal["accuracy", "balanced_accuracy"] = "accuracy"
    patience: int | None = None
    smoothing_epochs: int = 3
    validation_share: float = Field(1.0, gt=0, le=1)
    bn_momentum: float = 0.9
    class_weights: tuple[float, ...] | None = None
    max_resident_mb: int = 1024
    execution: Execution = PLAIN
    probe_steps: int | None = Field(None, ge=1)
    model_file: str | None = None

    def digest(self, fingerprint: str) -> str:
        """Name the result: what is trained on which data, not where files lie.

        Args:
            fingerprint: Of the image store.
        """
        places = {"task_id", "store", "checkpoint", "parent", "model_file"}
        text = self.model_dump_json(exclude=places) + fingerprint
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Epoch(BaseModel):
    """What one epoch gave; a line of the ledger.

    Attributes:
        epoch: Counted from 1 over the whole life of the candidate.
        train_loss: Mean over the epoch's steps.
        val_accuracy: And the other scores: on the validation rows, null where the task
            has none.
        val_images: How many validation images were scored.
        learning_rate: At the last step.
        seconds_train: Gradient steps and batch-norm re-estimation.
        seconds_first_step: Of these, the first step of a new graph, 0 where it was
            there already.
        seconds_validate: Predicting and scoring validation rows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epoch: int
    train_loss: float
    val_accuracy: float | None = None
    val_balanced_accuracy: float | None = None
    val_loss: float | None = None
    val_images: int | None = None
    learning_rate: float
    seconds_train: float
    seconds_first_step: float = 0.0
    seconds_validate: float = 0.0

    def objective(self, name: str) -> float | None:
        """Return the validation score that is maximised, `accuracy` or another."""
        value: float | None = getattr(self, f"val_{name}")
        return value


class Outcome(BaseModel):
    """How a task ended.

    Attributes:
        status: `completed`, `stopped` (by the deadline), or `failed`.
        reason: Why it failed or stopped, one line.
        history: All epochs since the candidate's first, parents' included.
        score: Mean of the objective over the last epochs; null without validation.
        early_stopped: Patience ran out; training on would change nothing.
        fold_scores: Scores on the held-out fold, of `ranking.metrics`.
        seconds: By kind: `import` (of TensorFlow, while the task waited for it),
            `build` (the network and its state), `trace` (its graphs), `train`,
            `validate`, `checkpoint`.
        memory_mb: Resident memory of the worker at the end.
    """

    model_config = ConfigDict(extra="forbid")

    status: Literal["completed", "stopped", "failed"]
    reason: str = ""
    history: list[Epoch] = Field(default_factory=list)
    score: float | None = None
    early_stopped: bool = False
    fold_scores: dict[str, Any] | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    memory_mb: float = 0.0
