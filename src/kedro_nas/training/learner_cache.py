"""Learners whose fold is done, kept for the next fold of the same network."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from kedro_nas.training.tasks import Task

MAX_CACHED = 4  # contestants of a ranking, usually


class LearnerCache:
    """The last few learners of folds, by what their graphs depend on."""

    def __init__(self) -> None:
        self._learners: OrderedDict[str, Any] = OrderedDict()

    def take(self, task: Task, fingerprint: str) -> Any:
        """Hand out a learner whose graphs suit a fold, or None."""
        return self._learners.pop(_suits(task, fingerprint), None)

    def keep(self, task: Task, fingerprint: str, learner: Any) -> None:
        """Keep the learner of a fold; of too many the oldest leaves."""
        self._learners[_suits(task, fingerprint)] = learner
        while len(self._learners) > MAX_CACHED:
            self._learners.popitem(last=False)

    def clear(self) -> None:
        """Let all of them go, with their memory."""
        self._learners.clear()


def _suits(task: Task, fingerprint: str) -> str:
    """Name what is traced into the graphs: all but rows, seed and schedule."""
    same = {"architecture", "bn_momentum", "class_weights", "execution"}
    return task.model_dump_json(include={*same, "max_resident_mb"}) + fingerprint
