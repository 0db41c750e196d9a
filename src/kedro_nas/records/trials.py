"""A row of `nas.trials`: one rung of one architecture."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kedro_nas.space.architecture import Architecture

# status of a trial that has not ended, shown while a search goes on; never in a file
RUNNING = "running"


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """One rung of one architecture; the fields are the columns of `nas.trials`.

    Attributes:
        trial_id: Name of the trial.
        key: Hash of network and recipe, as trained.
        network_key: Hash of the network alone.
        name: The network in a line.
        family: Names of its blocks, or of its backbone or custom model.
        parent_id: Trial of the rung below, or None.
        ancestor_id: Trial whose function it started with, or None for fresh weights.
        ancestor_epochs: Epochs of that network and of those it was grown from.
        iteration: Pass over the brackets.
        bracket: Number of the bracket.
        rung: Number of the rung.
        epoch_start: Epochs done on the rungs below.
        epochs: Cumulative epochs at its end.
        rung_epochs: Cumulative epochs at the end of the rung.
        status: `completed`, `failed`, or `stopped` by the budget.
        reason: Why it failed or stopped, empty otherwise.
        score: Mean of the objective over its last epochs, None without.
        val_accuracy: Of its last epoch, None where nothing was scored; so are the next.
        val_balanced_accuracy: Of its last epoch.
        val_loss: Of its last epoch.
        val_objective_score: Of its last epoch, where the objective is neither of the
            two accuracies; larger is better, exp(-loss) of log loss.
        val_images: Validation images scored in its last epoch.
        train_loss: Of its last epoch.
        val_accuracy_by_epoch: Of its own epochs, without those of the rungs below; so
            are the next.
        val_balanced_accuracy_by_epoch: Of its own epochs.
        val_loss_by_epoch: Of its own epochs.
        val_objective_score_by_epoch: Of its own epochs.
        train_loss_by_epoch: Of its own epochs.
        best_epoch: The last epoch within one standard error of the best, over all
            rungs; None where nothing was scored.
        params: Parameters.
        macs: Multiply-adds per image.
        depth: Layers with a kernel on the longest path.
        learning_rate: Of the recipe.
        worker: Number of the worker, None where the outcome is its parent's.
        started_s: On the search's clock.
        ended_s: On the search's clock.
        seconds: From the one to the other.
        seconds_import: Of these, spent importing TensorFlow.
        seconds_build: Building the network and its state.
        seconds_trace: Tracing its graphs.
        seconds_train: In gradient steps.
        seconds_validate: Scoring validation images.
        seconds_checkpoint: Writing checkpoints.
        seconds_wait: Waiting, the rest.
        architecture: Network and recipe as JSON.
    """

    trial_id: str
    key: str
    network_key: str
    name: str
    family: str
    parent_id: str | None
    ancestor_id: str | None
    ancestor_epochs: int
    iteration: int
    bracket: int
    rung: int
    epoch_start: int
    epochs: int
    rung_epochs: int
    status: str
    reason: str
    score: float | None
    val_accuracy: float | None
    val_balanced_accuracy: float | None
    val_loss: float | None
    val_objective_score: float | None
    val_images: int | None
    train_loss: float | None
    val_accuracy_by_epoch: list[float | None]
    val_balanced_accuracy_by_epoch: list[float | None]
    val_loss_by_epoch: list[float | None]
    val_objective_score_by_epoch: list[float | None]
    train_loss_by_epoch: list[float | None]
    best_epoch: int | None
    params: int
    macs: int
    depth: int
    learning_rate: float
    worker: int | None
    started_s: float
    ended_s: float
    seconds: float
    seconds_import: float
    seconds_build: float
    seconds_trace: float
    seconds_train: float
    seconds_validate: float
    seconds_checkpoint: float
    seconds_wait: float
    architecture: str

    @property
    def network(self) -> Architecture:
        """The architecture."""
        return Architecture.model_validate_json(self.architecture)


_DTYPES = {
    "str": "string",
    "str | None": "string",
    "int": "int64",
    "int | None": "Int64",
    "float": "float64",
    "float | None": "float64",
    "list[float | None]": "object",
}

# pandas' type of each column, in the order of the columns
TRIAL_DTYPES = {field.name: _DTYPES[str(field.type)] for field in fields(TrialRow)}
