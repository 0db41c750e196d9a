"""A trial as the driver knows it, and its end as the ledger remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Outcome


@dataclass
class Trial:
    """One rung of one architecture.

    Attributes:
        name: Of its place in the schedule; names the task and its files.
        schedule_id: Its name in the schedule.
        architecture: Network and recipe.
        parent: Name of the trial of the rung below, or None.
        first_epochs: Epochs at the end of its rung 0.
        is_first: Whether it is the first of the whole search.
        attempts: Times it was handed to a worker without getting on.
        halvings: Of the batch, after a worker ran out of memory.
        worker: The one that trains it, or None.
        submitted_at: On the search's clock, seconds.
        outcome: How it ended, or None.
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


def outcome_of(line: Mapping[str, Any]) -> Outcome:
    """Read the outcome of a trial from its event `ended`."""
    names = ("status", "reason", "score", "early_stopped", "seconds", "history")
    return Outcome(right=line.get("right"), **{name: line[name] for name in names})
