"""A worker pool that outlives the stage that started it.

Search, ranking and final fit follow each other in one process; starting workers anew
for each would import TensorFlow three times (5 s each on two idle cores). A pool that
no stage takes over within a minute is closed, as it is at the end of the process.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.workers.local import resolve_workers
from kedro_nas.training.workers.worker_pool import WorkerPool, make_pool

KEEP_S = 60.0


class _KeptPool:
    """The pool between two leases, and the name it was made by."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[str, WorkerPool] | None = None
        self._timer: threading.Timer | None = None

    def take(self) -> tuple[str, WorkerPool] | None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            kept, self._kept, self._timer = self._kept, None, None
            return kept

    def put(self, name: str, pool: WorkerPool) -> None:
        with self._lock:
            self._kept = name, pool
            self._timer = threading.Timer(KEEP_S, self.close)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        kept = self.take()
        if kept is not None:
            kept[1].close()


_kept_pool = _KeptPool()


@contextmanager
def lease_pool(options: JobOptions, log: Path) -> Iterator[WorkerPool]:
    """Lend a worker pool for the length of a `with` block.

    Args:
        options: `params:nas.job`, for the number and kind of workers and of the pool.
        log: File that collects what workers print.

    Yields:
        The pool of the stage before if it suits this one, else a new one. It is
        closed when the block raises, or leaves a task running.

    Raises:
        ParameterError: There is no such pool.
    """
    name = options.pool
    leased = _take_suitable(name, options, log) or make_pool(name, options, log)
    try:
        yield leased
    except BaseException:
        leased.close()
        raise
    if len(leased.free()) < leased.size:
        leased.close()
    else:
        _kept_pool.put(name, leased)


def count_workers(job: JobOptions, *, seen: int) -> int:
    """Return how many workers a plan of a stage counts with.

    Args:
        job: `params:nas.job`.
        seen: Workers that an earlier stage trained on; used for `auto` on a cluster.
    """
    if job.pool == "local":
        return resolve_workers(job.workers, job.threads_per_worker)
    return seen if job.workers == "auto" else job.workers


def _take_suitable(name: str, options: JobOptions, log: Path) -> WorkerPool | None:
    kept = _kept_pool.take()
    if kept is None:
        return None
    kept_name, pool = kept
    if kept_name == name and pool.take_over(options, log):
        return pool
    pool.close()
    return None


def end_kept_pool() -> None:
    """Close the pool that no stage holds at the moment, if there is one."""
    _kept_pool.close()


atexit.register(end_kept_pool)
