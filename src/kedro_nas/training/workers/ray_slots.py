"""The driver's side of one worker of the pool `ray`: its actor and what it does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.ray_worker import WorkerPlace

State = Literal["starting", "failed", "idle", "fetching", "training"]


@dataclass
class Assignment:
    """A task that a worker has been given.

    Attributes:
        task: With the driver's paths.
        deadline: On `time.monotonic`'s clock, None for no limit.
        is_copy: Whether another worker trains the same task.
        begun: Whether the worker has taken it.
    """

    task: Task
    deadline: float | None
    is_copy: bool = False
    begun: bool = False

    @property
    def remaining_s(self) -> float | None:
        """Wall seconds left to the task; None for no limit."""
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - time.monotonic())


@dataclass
class Slot:
    """A worker, whose actor may be replaced by another.

    Attributes:
        number: Number of the worker in events.
        actor: Handle of the actor.
        pending: Reference of the call that is under way, None when idle.
        since: When that call was made, on `time.monotonic`'s clock.
        state: What the call does.
        place: Where the actor runs; None while it starts.
        assignment: The task it has.
        live: Checkpoints whose networks it has in memory.
    """

    number: int
    actor: Any
    pending: Any
    since: float
    state: State = "starting"
    place: WorkerPlace | None = None
    assignment: Assignment | None = None
    live: set[str] = field(default_factory=set)

    @property
    def is_free(self) -> bool:
        """Return whether it can take a task."""
        return self.state == "idle" and self.assignment is None

    @property
    def is_ready(self) -> bool:
        """Return whether its actor has started."""
        return self.place is not None

    def call(self, pending: Any, state: State) -> None:
        """Note the call that is under way now."""
        self.pending, self.state, self.since = pending, state, time.monotonic()

    def rest(self) -> None:
        """Note that no call is under way."""
        self.pending, self.state = None, "idle"
