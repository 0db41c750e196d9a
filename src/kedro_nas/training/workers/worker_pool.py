"""Worker pools: the interface between what is trained and where it is trained.

This machine and a Ray cluster are two; another place (a queue) implements `WorkerPool`,
and nothing else changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from kedro_nas.custom_code import check_protocol, find_custom
from kedro_nas.errors import ParameterError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.tasks import Epoch, Outcome, Task

POOLS = {
    "local": "kedro_nas.training.workers.local:start_local_pool",
    "ray": "kedro_nas.training.workers.ray_pool:start_ray_pool",
}
POOL_GROUP = "kedro_nas.worker_pools"


@dataclass(frozen=True)
class Event:
    """A message of a worker, or its loss.

    Attributes:
        kind: `epoch` (one more epoch is done), `end` (with the outcome), `lost` (the
            worker died or made no progress while it had the task).
        worker: Number of the worker, from 0.
        task_id: The task it had.
        epoch: For `epoch`.
        outcome: For `end`.
        reason: For `lost`, one line.
        begun: For `lost`: whether the task had begun. A worker that dies while it
            starts does not count as a failure of the task.
    """

    kind: Literal["epoch", "end", "lost"]
    worker: int
    task_id: str
    epoch: Epoch | None = None
    outcome: Outcome | None = None
    reason: str = ""
    begun: bool = True


class WorkerPool(Protocol):
    """Workers that each train one task at a time.

    `kedro_nas.testing.WorkerPoolContract` tests an implementation.
    """

    @property
    def size(self) -> int:
        """Number of workers; it changes where machines come and go."""

    def take_over(self, options: JobOptions, log: Path) -> bool:
        """Serve a stage with these options from now on, if this pool suits it.

        Args:
            options: `params:nas.job`, for the number and kind of workers.
            log: File that collects what workers print from now on.

        Returns:
            Whether it suits; if not, the stage needs a new pool.
        """

    def free(self) -> list[int]:
        """Return the workers without a task, lowest number first."""

    def teammates(self) -> list[int]:
        """Return free workers that can train one network together.

        They see the temporary files of this machine, where they meet. If there are
        none, one free worker that trains alone.
        """

    def holds(self, checkpoint: str) -> int | None:
        """Return the worker that has this checkpoint's network in memory, or None."""

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        """Give a task to a free worker.

        Args:
            task: What to train.
            worker: A number out of `free()`.
            remaining_s: Wall seconds left to it; None for no limit.
        """

    def wait(self, timeout_s: float) -> list[Event]:
        """Return the events since the last call, after at most `timeout_s` seconds."""

    def close(self) -> None:
        """End all workers; running tasks are abandoned. May be called twice."""


def make_pool(name: str, options: JobOptions, log: Path) -> WorkerPool:
    """Start the worker pool that an option names.

    Args:
        name: `local`, `ray`, an entry point of the group `kedro_nas.worker_pools`, or
            `package.module:function`. The function is called with `options` and `log`
            and returns a `WorkerPool`.
        options: `params:nas.job`, for the number and kind of workers.
        log: File that collects what workers print.

    Raises:
        ParameterError: Nothing has this name, or what it returns is no `WorkerPool`.
    """
    start = find_custom(
        name, POOLS, what="worker pool", error=ParameterError, group=POOL_GROUP
    )
    pool: WorkerPool = start(options, log)
    check_protocol(
        pool, WorkerPool, path=name, what="worker pool", error=ParameterError
    )
    return pool
