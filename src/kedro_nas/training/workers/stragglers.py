"""Which tasks take so much longer than others that a second copy is worth starting.

A copy runs only where a worker has nothing else to do, so a wrong guess costs no time.
It is the same task, so its outcome is the same whichever copy ends first.

Source: Dean & Ghemawat (2004), MapReduce, section 3.6 (backup tasks).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

from kedro_nas.training.tasks import Task

MIN_ENDED = 3  # tasks of as many epochs before the median is used
MAX_REMEMBERED = 50  # durations for each number of epochs
LEAST_S = 10.0  # below it a copy takes longer to start than to wait for


@dataclass
class _Running:
    epochs: int
    since: float


class Stragglers:
    """Durations of tasks, by the number of epochs they train.

    Args:
        factor: How many times the median makes a straggler; None for no copies.
    """

    def __init__(self, factor: float | None) -> None:
        self._factor = factor
        self._running: dict[str, _Running] = {}
        self._ended: dict[int, deque[float]] = {}

    def started(self, task: Task, now: float) -> None:
        """Record that a worker starts a task.

        Args:
            task: The task.
            now: Seconds on any clock that runs forward.
        """
        self._running[task.task_id] = _Running(task.epochs - task.epoch_start, now)

    def ended(self, task_id: str, now: float, *, counts: bool) -> None:
        """Record that a task has ended or was lost.

        Args:
            task_id: Of the task.
            now: Seconds on the same clock.
            counts: Whether it ran to its end, so that its duration is typical.
        """
        running = self._running.pop(task_id, None)
        if running is None or not counts:
            return
        durations = self._ended.setdefault(running.epochs, deque(maxlen=MAX_REMEMBERED))
        durations.append(now - running.since)

    def late(self, now: float) -> list[str]:
        """Return the running tasks that are stragglers, the longest first.

        Args:
            now: Seconds on the same clock.
        """
        if self._factor is None:
            return []
        found = []
        for task_id, running in self._running.items():
            durations = self._ended.get(running.epochs, ())
            if len(durations) < MIN_ENDED:
                continue
            limit = max(LEAST_S, self._factor * median(durations))
            if now - running.since > limit:
                found.append((running.since, task_id))
        return [task_id for _, task_id in sorted(found)]
