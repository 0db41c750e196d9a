"""One unit of training as a value: what a worker is handed, and what it says.

A task is JSON, so it can run wherever the image store can be read: another process,
another machine. It is complete: the same task gives the same outcome anywhere, and
its digest names its result for good.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import Self

from kedro_nas.records.search import Execution, FlipEffect
from kedro_nas.space.architecture import Architecture, halved
from kedro_nas.training.execution import PLAIN
from kedro_nas.training.outage import Outage
from kedro_nas.training.team import Team

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
        share_epochs: The share holds for so many first epochs, later ones are scored on
            all rows; null for the share in all epochs.
        bn_momentum: Of all batch normalisations.
        class_weights: Per class id, or null.
        whitened_stem: Whether the first convolution starts from whitening filters, see
            `training.whitening`; benchmarks/recipe.py measures what they give.
        max_resident_mb: See `JobOptions.max_resident_mb`.
        execution: Compilation and precision of the steps.
        threads: Intra-op threads of the worker on CPU; sums that are split over more
            of them round otherwise, so they name the result too.
        measures_flips: Whether to measure at the end what mirroring the validation
            images costs; of use where the augmentation has no flips.
        probe_steps: Only time so many steps; nothing is scored or kept.
        model_file: Where to save the trained model (`.keras`), or null.
        train_s: Seconds of training, all sessions, over which the schedule is laid out
            instead of `epochs`; a deadline before makes them fewer. Null for epochs.
        team: Place in a team of workers that train this network together, or null.
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
    share_epochs: int | None = Field(None, ge=1)
    bn_momentum: float = 0.9
    class_weights: tuple[float, ...] | None = None
    whitened_stem: bool = True
    max_resident_mb: int = 1024
    execution: Execution = PLAIN
    threads: int = Field(1, ge=1)
    measures_flips: bool = False
    probe_steps: int | None = Field(None, ge=1)
    model_file: str | None = None
    train_s: float | None = Field(None, gt=0)
    team: Team | None = None

    def digest(self, fingerprint: str) -> str:
        """Name the result: what is trained on which data, not where files lie.

        How much memory the pixels may take is left out, too: it changes no result, and
        a task that was killed for its memory goes on with less.

        Args:
            fingerprint: Of the image store.
        """
        neutral = {"task_id", "store", "checkpoint", "parent", "model_file"}
        same = self.model_copy(update={"team": self.team and self.team.anywhere()})
        text = same.model_dump_json(exclude={*neutral, "max_resident_mb"})
        return _digest(text + fingerprint)

    def lineage(self, fingerprint: str) -> str:
        """Name what the weights after any number of epochs depend on.

        A task and its parent on the rung below share it, so a checkpoint may be
        continued exactly when its lineage is the task's. The batch size is left out,
        as a candidate that ran out of memory goes on with half of it; so is the
        execution, as a search may go on with other hardware.

        Args:
            fingerprint: Of the image store.
        """
        architecture = self.architecture.to_dict()
        del architecture["recipe"]["batch_size"]
        names = {
            *("rows", "schedule_epochs", "seed", "bn_momentum", "class_weights"),
            *("threads", "train_s", "whitened_stem"),
        }
        rest = self.model_dump(mode="json", include=names)
        team = self.team and self.team.anywhere().model_dump()
        text = json.dumps([architecture, rest, team, fingerprint], sort_keys=True)
        return _digest(text)

    def with_files(self, folder: Path, fingerprint: str) -> Self:
        """Return the task with a checkpoint and a model file that its digest names.

        Args:
            folder: Where the files are put.
            fingerprint: Of the image store.
        """
        name = f"{self.task_id}-{self.digest(fingerprint)}"
        return self.model_copy(
            update={
                "checkpoint": str(folder / f"{name}.npz"),
                "model_file": str(folder / f"{name}.keras"),
            }
        )

    def with_half_batch(self, fingerprint: str) -> Self:
        """Return the task with half the batch; the files it writes are its own.

        Args:
            fingerprint: Of the image store.
        """
        smaller = self.model_copy(update={"architecture": halved(self.architecture, 1)})
        if self.model_file is None:
            return smaller
        return smaller.with_files(Path(self.model_file).parent, fingerprint)


def _digest(text: str) -> str:
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
        status: `completed`, `stopped` (by the deadline), `failed`, or `outage`: storage
            failed, which says nothing about the task.
        reason: Why it failed or stopped, one line.
        history: All epochs since the candidate's first, parents' included.
        score: Mean of the objective over the last epochs; null without validation.
        early_stopped: Patience ran out; training on would change nothing.
        fold_scores: Scores on the held-out fold, of `statistics.metrics`.
        flip_effect: Of a completed task that `measures_flips`, on all its validation
            rows.
        seconds: By kind: `import` (of TensorFlow, while the task waited for it),
            `build` (the network and its state), `trace` (its graphs), `train`,
            `validate`, `checkpoint`.
        memory_mb: Resident memory of the worker at the end.
        right: Which validation images the network classifies correctly after its last
            epoch, where all were scored; see `statistics.image_pairs.pack_right`.
        outage: What failed, of an `outage`.
    """

    model_config = ConfigDict(extra="forbid")

    status: Literal["completed", "stopped", "failed", "outage"]
    reason: str = ""
    history: list[Epoch] = Field(default_factory=list)
    score: float | None = None
    early_stopped: bool = False
    fold_scores: dict[str, Any] | None = None
    flip_effect: FlipEffect | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    memory_mb: float = 0.0
    right: str | None = None
    outage: Outage | None = None

    @classmethod
    def of_outage(cls, outage: Outage) -> Outcome:
        """Return the outcome of a task whose storage failed."""
        return cls(status="outage", reason=outage.message, outage=outage)
