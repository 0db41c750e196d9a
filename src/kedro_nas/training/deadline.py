"""The deadline of a stage's tasks, and which tasks start in spite of it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from kedro_nas.training.tasks import Task


@dataclass(frozen=True)
class Deadline:
    """The time at which the tasks of a stage have to end.

    Attributes:
        at: On `time.monotonic`'s clock; None for never.
        excused: Ids of the tasks that have no deadline.
    """

    at: float | None
    excused: frozenset[str] = frozenset()

    def is_over(self) -> bool:
        """Return whether the deadline has passed."""
        return self.at is not None and time.monotonic() >= self.at

    def remaining_s(self, task: Task) -> float | None:
        """Return the seconds that a task started now may take; None for no limit."""
        if self.at is None or task.task_id in self.excused:
            return None
        return self.at - time.monotonic()

    def too_late(self, waiting: Iterable[Task], others: Iterable[Task]) -> list[Task]:
        """Return the tasks that must not be started any more.

        A task that writes a model is started even after the deadline if no other task
        writes a model of its architecture, so that a stage cut short has a result.

        Args:
            waiting: In the order in which they would be started.
            others: Running or completed.
        """
        if not self.is_over():
            return []
        models = {task.architecture.key for task in others}
        late = []
        for task in waiting:
            key = task.architecture.key
            if task.task_id in self.excused:
                continue
            if task.model_file is None or key in models:
                late.append(task)
            models.add(key)
        return late
