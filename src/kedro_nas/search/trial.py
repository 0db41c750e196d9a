"""The driver's state of a trial."""

from __future__ import annotations

from dataclasses import dataclass

from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Outcome


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
    attempts: int = 0
    halvings: int = 0
    worker: int | None = None
    submitted_at: float = 0.0
    outcome: Outcome | None = None
