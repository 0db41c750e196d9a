"""Work on chunks in several processes, in order, holding a few chunks at a time."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kedro_nas.errors import DataError

Result = TypeVar("Result")
Job = tuple[Any, ...]

FORK_PAYS_AFTER_S = 0.5  # forking takes tens of milliseconds
POOL_PAYS_AFTER_S = 4.0  # starting clean processes takes about 2 s
_AHEAD = 2  # chunks read ahead per process
_PR_SET_PDEATHSIG = 1  # of prctl(2): a signal for when the parent ends


@dataclass(frozen=True)
class Halving(Generic[Result]):
    """How to find the part of a job that ends its process.

    Attributes:
        halve: Returns two smaller jobs, or the job alone where it cannot be cut.
        give_up: Returns the result of a job that ends any process.
        max_given_up: Jobs to give up before it is the machine that is at fault.
    """

    halve: Callable[[Job], Sequence[Job]]
    give_up: Callable[[Job], Result]
    max_given_up: int = 20


def run_in_processes(
    work: Callable[..., Result],
    jobs: Iterator[Job],
    *,
    n_workers: int | None,
    cost_s: float,
    halving: Halving[Result] | None = None,
) -> Iterator[Result]:
    """Call `work` on each job, in processes when that pays.

    Args:
        work: A function of a module, as it is named to the processes.
        jobs: Its arguments; read lazily, a few ahead.
        n_workers: Processes; None for one per core.
        cost_s: What all jobs would take one core, roughly.
        halving: How to go on when a process dies; without it that is an error.

    Returns:
        The results in the order of the jobs; a job that was halved has several.

    Raises:
        DataError: A process died, which the system does when memory ends.
    """
    n_workers = n_workers or os.cpu_count() or 1
    pays_after = FORK_PAYS_AFTER_S if _may_fork() else POOL_PAYS_AFTER_S
    if n_workers == 1 or cost_s < pays_after:
        return (work(*job) for job in jobs)
    return _in_order(n_workers, work, jobs, halving)


def _may_fork() -> bool:
    """Whether a fork is safe: not once TensorFlow and its like have started threads."""
    heavy = {"tensorflow", "torch", "jax"}
    return sys.platform == "linux" and not heavy & sys.modules.keys()


def _executor(n_workers: int) -> Executor:
    arguments = (os.getpid(),)
    if _may_fork():
        context = multiprocessing.get_context("fork")
        return ProcessPoolExecutor(
            n_workers, context, initializer=_begin, initargs=arguments
        )
    # starts clean processes, and unlike `spawn` does not run the caller's __main__
    from joblib.externals.loky import ProcessPoolExecutor as CleanProcesses

    executor: Executor = CleanProcesses(
        n_workers, initializer=_begin, initargs=arguments
    )
    return executor


def _begin(parent: int) -> None:
    """Prepare a process: it ends with its parent, even when that is killed."""
    # what is there at the fork is no garbage, and need not be looked through
    gc.freeze()
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before it could be watched
        os._exit(1)


def _in_order(
    n_workers: int,
    work: Callable[..., Result],
    jobs: Iterator[Job],
    halving: Halving[Result] | None,
) -> Iterator[Result]:
    waiting: deque[tuple[Job, Future[Result]]] = deque()
    executor = _executor(n_workers)
    n_given_up = 0
    try:
        while True:
            while len(waiting) <= _AHEAD * n_workers:
                job = next(jobs, None)
                if job is None:
                    break
                waiting.append((job, _submit(executor, work, job)))
            if not waiting:
                return
            first, future = waiting.popleft()
            try:
                yield future.result()
            except BrokenProcessPool as error:
                if halving is None:
                    raise _died(error) from error
                again = [first, *(job for job, _ in waiting)]
                waiting.clear()
                executor.shutdown(wait=True)
                for given_up, result in _alone(work, first, halving):
                    n_given_up += given_up
                    if n_given_up > halving.max_given_up:
                        raise _died(error) from error
                    yield result
                executor = _executor(n_workers)
                waiting.extend((j, _submit(executor, work, j)) for j in again[1:])
    finally:
        for _, future in waiting:
            future.cancel()
        executor.shutdown(wait=True)


def _submit(
    executor: Executor, work: Callable[..., Result], job: Job
) -> Future[Result]:
    with warnings.catch_warnings():
        # Python 3.12 warns of any fork among threads; ours were looked at
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return executor.submit(work, *job)
        except BrokenProcessPool as error:  # noticed at the next submission
            broken: Future[Result] = Future()
            broken.set_exception(error)
            return broken


def _alone(
    work: Callable[..., Result], job: Job, halving: Halving[Result]
) -> Iterator[tuple[bool, Result]]:
    """Run a job in a process of its own; halve it as long as the process dies.

    Returns:
        Whether a part was given up, and its result, for each part in order.
    """
    executor = _executor(1)
    try:
        result = _submit(executor, work, job).result()
    except BrokenProcessPool:
        parts = halving.halve(job)
        if len(parts) == 1:
            yield True, halving.give_up(job)
            return
        for part in parts:
            yield from _alone(work, part, halving)
        return
    finally:
        executor.shutdown(wait=True)
    yield False, result


def _died(error: BrokenProcessPool) -> DataError:
    return DataError(
        "a process that decodes images died",
        received=str(error),
        allowed="processes that end their work",
        remedy="Free memory, or lower data_preparation.n_workers; the next run "
        "goes on where this one was",
    )
