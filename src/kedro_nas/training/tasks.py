"""Task and outcome: the values that a worker receives and returns.

A task is JSON, so it can run wherever the image store can be read: another process,
another machine. It is self-contained: the same task has the same outcome anywhere, so
its digest identifies the result.
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

# how a worker's seconds are spent; the ledger adds `wait`
KINDS = ("import", "build", "trace", "train", "validate", "checkpoint")
OUT_OF_MEMORY = "out of memory"  # prefix of the reason of such a failure


class Ancestor(BaseModel):
    """The smaller network whose function a grown one starts with.

    Attributes:
        task_id: Of its training.
        architecture: Network and recipe.
        epochs: Epochs it was trained for.
        ancestor: The network it was itself grown from, or null.
        checkpoint: File of its state; not part of digests.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str
    architecture: Architecture
    epochs: int = Field(ge=1)
    ancestor: Ancestor | None = None
    checkpoint: str = ""

    @property
    def all_epochs(self) -> int:
        """Epochs of it and of the networks it was grown from."""
        return self.epochs + (self.ancestor.all_epochs if self.ancestor else 0)

    def anywhere(self) -> Self:
        """Return it without paths, which differ between machines."""
        earlier = self.ancestor and self.ancestor.anywhere()
        return self.model_copy(update={"checkpoint": "", "ancestor": earlier})


class Task(BaseModel):
    """One unit of training.

    Attributes:
        task_id: Identifies it in the ledger and names its checkpoint.
        architecture: Network and recipe.
        store: Path of the `ImageStore`.
        rows: `search` (train, scored on val), `fold:<repeat>:<k>` (the other folds,
            scored once at the end on fold k), or `dev` (all but test, never scored).
        epoch_start: Epochs already done by the parent rung.
        epochs: Cumulative epochs at the end of this task.
        schedule_epochs: Length of the learning-rate schedule; longer than `epochs` when
            a later rung continues this task.
        seed: Of weights, batches, dropout and augmentation.
        checkpoint: File of the state after each epoch; training resumes from it if it
            exists.
        parent: Checkpoint of the rung below, or null.
        objective: Score that `score` and patience refer to; see
            `statistics.objectives.Objective`, like the next.
        recall_floors: Smallest recall wanted of each class id, or null.
        patience: Epochs without a better score before stopping; null never stops.
        smoothing_epochs: Number of last epochs whose mean is the score.
        validation_share: Share of each class of the validation rows that is scored.
        share_epochs: Number of first epochs scored on that share, later ones are scored
            on all rows; null for the share in all epochs.
        bn_momentum: Of all batch normalisations.
        class_weights: Per class id, or null.
        sampling: `balanced` draws as many images of each class in an epoch.
        whitened_stem: Whether the first convolution starts from whitening filters, see
            `training.whitening`; benchmarks/recipe.py measures what they give.
        max_resident_mb: See `JobOptions.max_resident_mb`.
        execution: Compilation and precision of the steps.
        threads: Intra-op threads of the worker on CPU; part of the digest, since sums
            split over another number of threads round differently.
        measures_flips: Whether to measure at the end what mirroring the validation
            images costs; useful where the augmentation has no flips.
        probe_steps: Number of steps to time, without scoring or saving anything; null
            trains normally.
        model_file: Where to save the trained model (`.keras`), or null.
        train_s: Length of training and of its schedule in seconds, all sessions,
            instead of `epochs`; an earlier deadline shortens it. Null for epochs.
        team: Place in a team of workers that train this network together, or null.
        ancestor: The network whose function this one starts with, or null for fresh
            weights.
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
    objective: str = "accuracy"
    recall_floors: tuple[float, ...] | None = None
    patience: int | None = None
    smoothing_epochs: int = 3
    validation_share: float = Field(1.0, gt=0, le=1)
    share_epochs: int | None = Field(None, ge=1)
    bn_momentum: float = 0.9
    class_weights: tuple[float, ...] | None = None
    sampling: Literal["as_is", "balanced"] = "as_is"
    whitened_stem: bool = True
    max_resident_mb: int = 1024
    execution: Execution = PLAIN
    threads: int = Field(1, ge=1)
    measures_flips: bool = False
    probe_steps: int | None = Field(None, ge=1)
    model_file: str | None = None
    train_s: float | None = Field(None, gt=0)
    team: Team | None = None
    ancestor: Ancestor | None = None

    def digest(self, fingerprint: str) -> str:
        """Return the id of the result, given by what is trained on which data.

        File paths are excluded, and so is the memory limit of the pixels: it does not
        change the result, and a task killed for its memory is resumed with less.

        Args:
            fingerprint: Of the image store.
        """
        neutral = {"task_id", "store", "checkpoint", "parent", "model_file"}
        same = self.model_copy(
            update={
                "team": self.team and self.team.anywhere(),
                "ancestor": self.ancestor and self.ancestor.anywhere(),
            }
        )
        # digests without an ancestor are those of versions that knew of none
        none = set() if self.ancestor else {"ancestor"}
        text = same.model_dump_json(exclude={*neutral, *none, "max_resident_mb"})
        return _digest(text + fingerprint)

    def lineage(self, fingerprint: str) -> str:
        """Return the id of everything that the weights after each epoch depend on.

        A task and its parent on the rung below share it, so a checkpoint may be
        continued exactly when its lineage is the task's. The batch size is excluded, as
        a candidate that ran out of memory continues with half of it; so is the
        execution, as a search may be resumed on other hardware.

        Args:
            fingerprint: Of the image store.
        """
        architecture = self.architecture.to_dict()
        del architecture["recipe"]["batch_size"]
        names = {
            *("rows", "schedule_epochs", "seed", "bn_momentum", "class_weights"),
            *("threads", "train_s", "whitened_stem", "sampling"),
        }
        rest = self.model_dump(mode="json", include=names)
        team = self.team and self.team.anywhere().model_dump()
        told: list[Any] = [architecture, rest, team, fingerprint]
        if self.ancestor:
            told.append(self.ancestor.anywhere().model_dump(mode="json"))
        text = json.dumps(told, sort_keys=True)
        return _digest(text)

    def with_files(self, folder: Path, fingerprint: str) -> Self:
        """Return the task with a checkpoint and a model file named by its digest.

        Args:
            folder: Folder of the files.
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
        """Return the task with half the batch size and files of its own.

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
    """Results of one epoch; a line of the ledger.

    Attributes:
        epoch: Counted from 1 over all rungs of the candidate.
        train_loss: Mean over the epoch's steps.
        val_accuracy: On the validation rows, like the other scores; null where the task
            has none.
        val_objective_score: The objective, where it is none of the two above.
        val_images: How many validation images were scored.
        learning_rate: At the last step.
        seconds_train: Gradient steps and batch-norm re-estimation.
        seconds_first_step: Of these, the first step of a new graph, 0 where the graph
            had been used before.
        seconds_validate: Predicting and scoring validation rows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epoch: int
    train_loss: float
    val_accuracy: float | None = None
    val_balanced_accuracy: float | None = None
    val_loss: float | None = None
    val_objective_score: float | None = None
    val_images: int | None = None
    learning_rate: float
    seconds_train: float
    seconds_first_step: float = 0.0
    seconds_validate: float = 0.0

    def objective(self, name: str) -> float | None:
        """Return the validation score that is maximised, e.g. `accuracy`."""
        if self.val_objective_score is not None:
            return self.val_objective_score
        value: float | None = getattr(self, f"val_{name}", None)
        return value


class Outcome(BaseModel):
    """How a task ended.

    Attributes:
        status: `completed`, `stopped` (by the deadline), `failed`, or `outage`: storage
            failed, which is no fault of the task.
        reason: Why it failed or stopped, one line.
        history: All epochs since the candidate's first, parents' included.
        score: Mean of the objective over the last epochs; null without validation.
        early_stopped: Whether patience ran out; further training would not change the
            score.
        fold_scores: Scores on the held-out fold, of `statistics.metrics`, and
            `objective_score` where the objective is none of them.
        flip_effect: Effect of flips on all validation rows, of a completed task that
            `measures_flips`.
        seconds: By kind: `import` (of TensorFlow, while the task waited for it),
            `build` (the network and its state), `trace` (its graphs), `train`,
            `validate`, `checkpoint`.
        memory_mb: Resident memory of the worker at the end.
        right: Which validation images the network classifies correctly after its last
            epoch, where all were scored; see `statistics.image_pairs.pack_right`.
        resampled: The objective on resamples of these images, where no formula gives
            its standard error; see `statistics.objectives.pack_scores`.
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
    resampled: str | None = None
    outage: Outage | None = None

    @classmethod
    def of_outage(cls, outage: Outage) -> Outcome:
        """Return the outcome of a task whose storage failed."""
        return cls(status="outage", reason=outage.message, outage=outage)
