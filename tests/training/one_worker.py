"""Pools of one worker that ends each task at once; nothing is trained."""

from __future__ import annotations

import errno

from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event

RECORD = Epoch(epoch=1, train_loss=1.0, learning_rate=0.1, seconds_train=1.0)


class OneWorker:
    """A worker that ends each task at once, stopped or cut when its time is up."""

    size = 1

    def __init__(self) -> None:
        self.granted: dict[str, float | None] = {}
        self._task: Task | None = None

    def free(self) -> list[int]:
        return [] if self._task else [0]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.granted[task.task_id], self._task = remaining_s, task

    def wait(self, timeout_s: float) -> list[Event]:
        task, self._task = self._task, None
        assert task is not None
        remaining = self.granted[task.task_id]
        late = remaining is not None and remaining <= 0
        outcome = Outcome(
            status="stopped" if late and not task.model_file else "completed",
            reason="the budget ended" if late else "",
            history=[RECORD],
            seconds={"build": 1.0, "train": 3.0},
        )
        return [Event("end", worker=0, task_id=task.task_id, outcome=outcome)]


class FailingDisk(OneWorker):
    """A worker that meets an outage at its second task."""

    def wait(self, timeout_s: float) -> list[Event]:
        events = super().wait(timeout_s)
        if len(self.granted) < 2:
            return events
        outage = Outage(message="Stale file handle", path="/store", errno=errno.ESTALE)
        outcome = Outcome.of_outage(outage)
        return [Event("end", worker=0, task_id=events[0].task_id, outcome=outcome)]
