"""One pool for the stages of a run: workers outlive the stage that started them.

Search, ranking and final fit follow each other in one process; starting workers anew
for each would import TensorFlow three times (5 s each on two quiet cores). A pool that
nobody takes over within a minute is closed, and the end of the process ends it anyway.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.workers.local import LocalPool

KEEP_S = 60.0


class _Kept:
    """The pool between two leases."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: LocalPool | None = None
        self._timer: threading.Timer | None = None

    def take(self) -> LocalPool | None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            pool, self._pool, self._timer = self._pool, None, None
            return pool

    def put(self, pool: LocalPool) -> None:
        with self._lock:
            self._pool = pool
            self._timer = threading.Timer(KEEP_S, self.drop)
            self._timer.daemon = True
            self._timer.start()

    def drop(self) -> None:
        pool = self.take()
        if pool is not None:
            pool.close()


_kept = _Kept()


@contextmanager
def lease_pool(options: JobOptions, log: Path) -> Iterator[LocalPool]:
    """Lend a pool for the length of a `with` block.

    Args:
        options: `params:nas.job`, for the number and kind of workers.
        log: File that collects what workers print.

    Yields:
        The pool of the stage before if it is of the same kind, else a new one. It is
        closed when the block raises, or leaves a task under way.
    """
    pool = _kept.take()
    wanted = LocalPool.kind(options, log)
    if pool is not None and pool.made_for != wanted:
        pool.close()
        pool = None
    pool = pool or LocalPool.start(options, log)
    try:
        yield pool
    except BaseException:
        pool.close()
        raise
    if len(pool.free()) < pool.size:
        pool.close()
    else:
        _kept.put(pool)


def end_kept_pool() -> None:
    """Close the pool no stage holds at the moment, if there is one."""
    _kept.drop()


atexit.register(end_kept_pool)
