"""When a stage's tasks have to end, and which of them are begun all the same."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from kedro_nas.training.tasks import Task


@dataclass(frozen=True)
class Deadline:
    """The instant at which the tasks of a stage end.

    Attributes:
        at: On `time.monotonic`'s clock; None for never.
        excused: Ids of the tasks that know no deadline.
    """

    at: float | None
    excused: frozenset[str] = frozenset()

    def is_over(self) -> bool:
        """Return whether the instant has passed."""
        return self.at is not None and time.monotonic() >= self.at

    def remaining_s(self, task: Task) -> float | None:
        """Return the seconds a task begun now may take; None for no limit."""
        if self.at is None or task.task_id in self.excused:
            return None
        return self.at - time.monotonic()

    def too_late(self, waiting: Iterable[Task], others: Iterable[Task]) -> list[Task]:
        """Return the tasks that are not to be begun any more.

        A task that writes a model is begun late as well, as long as no other one gives
        a model of its architecture: a stage that was cut still delivers.

        Args:
            waiting: In the order in which they would be begun.
            others: Under way or completed.
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
