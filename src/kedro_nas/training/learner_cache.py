"""Caches learners whose fold is done for the next fold of the same network."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from kedro_nas.training.tasks import Task

MAX_CACHED = 4  # the usual number of contestants of a ranking


class LearnerCache:
    """The most recently used learners, by what their graphs depend on."""

    def __init__(self) -> None:
        self._learners: OrderedDict[str, Any] = OrderedDict()

    def take(self, task: Task, fingerprint: str) -> Any:
        """Remove and return a learner whose graphs suit the task, or None."""
        return self._learners.pop(_suits(task, fingerprint), None)

    def keep(self, task: Task, fingerprint: str, learner: Any) -> None:
        """Add the learner of a fold; if the cache is full, drop the oldest."""
        self._learners[_suits(task, fingerprint)] = learner
        while len(self._learners) > MAX_CACHED:
            self._learners.popitem(last=False)

    def clear(self) -> None:
        """Drop all learners and free their memory."""
        self._learners.clear()


def _suits(task: Task, fingerprint: str) -> str:
    """Return a key of all that the traced graphs depend on."""
    same = {"architecture", "bn_momentum", "class_weights", "execution"}
    return task.model_dump_json(include={*same, "max_resident_mb"}) + fingerprint
