"""The driver's state of a trial."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.ledger_lines import TrialCreated
from kedro_nas.search.trial_schedule import Place
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Ancestor, Outcome


@dataclass
class Trial:
    """One rung of one architecture.

    Attributes:
        name: Name of its place in the schedule, used for the task and its files.
        schedule_id: Its id in the schedule.
        architecture: Network and recipe.
        parent: Name of the trial of the rung below, or None.
        first_epochs: Epochs at the end of its rung 0.
        is_first: Whether it is the first trial of the search.
        ancestor: The network it was grown from, or None.
        checkpoint_of: Name of the trial of a lower rung that has its state, as it
            stopped early there; empty where it is its own.
        attempts: Times a worker started it without completing an epoch.
        halvings: Times its batch was halved after running out of memory.
        worker: The worker that trains it, or None.
        submitted_at: On the search's clock, seconds.
        outcome: Its outcome, or None before its end.
    """

    name: str
    schedule_id: str
    architecture: Architecture
    parent: str | None
    first_epochs: int
    is_first: bool = False
    ancestor: Ancestor | None = None
    checkpoint_of: str = ""
    attempts: int = 0
    halvings: int = 0
    worker: int | None = None
    submitted_at: float = 0.0
    outcome: Outcome | None = None

    def follow(self, below: Trial) -> None:
        """Take over what a trial has from the one of the rung below."""
        self.halvings, self.ancestor = below.halvings, below.ancestor
        if below.outcome is not None and below.outcome.early_stopped:
            self.checkpoint_of = below.checkpoint_of or below.name


def proposal_outcome(
    trial: Trial, outcome: Outcome, *, rung: int, epochs: int, objective: str
) -> ProposalOutcome[Architecture]:
    """Return what a proposer is told about a trial that ended.

    Args:
        trial: The trial.
        outcome: How it ended.
        rung: Of its bracket.
        epochs: Epochs at the end of the rung.
        objective: Name of the score that is maximised.
    """
    score = outcome.score if outcome.status == "completed" else None
    curve = [epoch.objective(objective) for epoch in outcome.history]
    n_images = outcome.history[-1].val_images if outcome.history else None
    error = None
    if score is not None and n_images and objective == "accuracy":
        error = math.sqrt(score * (1 - score) / n_images)
    return ProposalOutcome(
        architecture=trial.architecture,
        score=score,
        reason="" if score is not None else outcome.reason,
        rung=rung,
        epochs=epochs,
        curve=tuple(value for value in curve if value is not None),
        standard_error=error,
        seconds=sum(outcome.seconds.values()),
        trial=trial.checkpoint_of or trial.name,
    )


def created_line(trial: Trial, place: Place, epochs: tuple[int, int]) -> TrialCreated:
    """Return the line of the ledger for a new trial.

    Args:
        trial: The trial.
        place: Its position in the schedule.
        epochs: Epochs done on the rungs below, and at the end of its rung.
    """
    return TrialCreated(
        trial=trial.name,
        key=trial.architecture.key,
        architecture=trial.architecture,
        parent=trial.parent,
        iteration=place.iteration,
        bracket=place.bracket,
        rung=place.rung,
        epoch_start=epochs[0],
        epochs=epochs[1],
        ancestor=trial.ancestor.task_id if trial.ancestor else None,
        ancestor_epochs=trial.ancestor.all_epochs if trial.ancestor else 0,
    )
