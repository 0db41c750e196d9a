"""The one interface between who decides what to train and where it is trained.

Another place (a Ray cluster, a queue) implements `WorkerPool` and nothing else changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from kedro_nas.training.tasks import Epoch, Outcome, Task


@dataclass(frozen=True)
class Event:
    """Something a worker said, or what became of it.

    Attributes:
        kind: `epoch` (one more is done), `end` (with the outcome), `lost` (the worker
            died or made no progress while it had the task).
        worker: Number of the worker, from 0.
        task_id: The task it had.
        epoch: For `epoch`.
        outcome: For `end`.
        reason: For `lost`, one line.
        begun: For `lost`: whether the task had begun; a worker that dies while it
            starts says nothing about the task.
    """

    kind: Literal["epoch", "end", "lost"]
    worker: int
    task_id: str
    epoch: Epoch | None = None
    outcome: Outcome | None = None
    reason: str = ""
    begun: bool = True


class WorkerPool(Protocol):
    """Workers that each train one task at a time."""

    @property
    def size(self) -> int:
        """Number of workers."""

    def free(self) -> list[int]:
        """Return the workers without a task, lowest number first."""

    def holds(self, checkpoint: str) -> int | None:
        """Return the worker that keeps this candidate alive, if any does."""

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        """Hand a task to a free worker.

        Args:
            task: What to train.
            worker: A number out of `free()`.
            remaining_s: Wall seconds left to it; None for no limit.
        """

    def wait(self, timeout_s: float) -> list[Event]:
        """Return what has happened, after at most `timeout_s` seconds."""

    def close(self) -> None:
        """End all workers; tasks under way are given up."""
