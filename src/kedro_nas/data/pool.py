"""Work on chunks in several processes, in order, holding a few chunks at a time."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from kedro_nas.errors import DataError

Result = TypeVar("Result")

FORK_PAYS_AFTER_S = 0.5  # forking takes tens of milliseconds
POOL_PAYS_AFTER_S = 4.0  # starting clean processes takes about 2 s
_AHEAD = 2  # chunks read ahead per process


def run_in_processes(
    work: Callable[..., Result],
    jobs: Iterator[tuple[Any, ...]],
    *,
    n_workers: int | None,
    cost_s: float,
) -> Iterator[Result]:
    """Call `work` on each job, in processes when that pays.

    Args:
        work: A function of a module, as it is named to the processes.
        jobs: Its arguments; read lazily, a few ahead.
        n_workers: Processes; None for one per core.
        cost_s: What all jobs would take one core, roughly.

    Returns:
        The results in the order of the jobs.

    Raises:
        DataError: A process died, which the system does when memory ends.
    """
    n_workers = n_workers or os.cpu_count() or 1
    pays_after = FORK_PAYS_AFTER_S if _may_fork() else POOL_PAYS_AFTER_S
    if n_workers == 1 or cost_s < pays_after:
        return (work(*job) for job in jobs)
    return _in_order(_executor(n_workers), work, jobs, _AHEAD * n_workers)


def _may_fork() -> bool:
    """Whether a fork is safe: not once TensorFlow and its like have started threads."""
    heavy = {"tensorflow", "torch", "jax"}
    return sys.platform == "linux" and not heavy & sys.modules.keys()


def _executor(n_workers: int) -> Executor:
    if _may_fork():
        context = multiprocessing.get_context("fork")
        # what is there at the fork is no garbage, and need not be looked through
        return ProcessPoolExecutor(n_workers, context, initializer=gc.freeze)
    # starts clean processes, and unlike `spawn` does not run the caller's __main__
    from joblib.externals.loky import ProcessPoolExecutor as CleanProcesses

    executor: Executor = CleanProcesses(n_workers)
    return executor


def _in_order(
    executor: Executor,
    work: Callable[..., Result],
    jobs: Iterator[tuple[Any, ...]],
    ahead: int,
) -> Iterator[Result]:
    waiting: deque[Future[Result]] = deque()
    try:
        for job in jobs:
            with warnings.catch_warnings():
                # Python 3.12 warns of any fork among threads; ours were looked at
                warnings.simplefilter("ignore", DeprecationWarning)
                waiting.append(executor.submit(work, *job))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise DataError(
            "a process that decodes images died",
            received=str(error),
            allowed="processes that end their work",
            remedy="Free memory, or lower data_preparation.n_workers; the next run "
            "goes on where this one was",
        ) from error
    finally:
        for future in waiting:
            future.cancel()
        executor.shutdown(wait=True)
