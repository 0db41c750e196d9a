"""Processing of jobs in several processes, in order, with a few jobs in memory."""

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

from kedro_nas.devices import cpu_numbers
from kedro_nas.errors import DataError

Result = TypeVar("Result")
Job = tuple[Any, ...]

FORK_PAYS_AFTER_S = 0.5  # forking takes tens of milliseconds
POOL_PAYS_AFTER_S = 4.0  # starting clean processes takes about 2 s
_AHEAD = 2  # chunks read ahead per process
_PR_SET_PDEATHSIG = 1  # of prctl(2): a signal for when the parent ends


@dataclass(frozen=True)
class Halving(Generic[Result]):
    """How to isolate the part of a job that crashes its process.

    Attributes:
        halve: Returns two smaller jobs, or the job alone if it cannot be split.
        give_up: Returns the result for a job that crashes every process.
        max_given_up: After more such jobs an error is raised, as the machine is the
            likely cause.
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
    """Call `work` on each job, in several processes if that is faster.

    Args:
        work: A function of a module, so that other processes can import it.
        jobs: Its arguments; only a few are read in advance.
        n_workers: Processes; None for one per core that this process may use.
        cost_s: Estimated seconds of all jobs on one core.
        halving: How to continue when a process crashes; None raises an error.

    Returns:
        The results in the order of the jobs; a job that was halved has several.

    Raises:
        DataError: A process crashed, usually for lack of memory.
    """
    n_workers = n_workers or len(cpu_numbers())
    pays_after = FORK_PAYS_AFTER_S if _may_fork() else POOL_PAYS_AFTER_S
    if n_workers == 1 or cost_s < pays_after:
        return (work(*job) for job in jobs)
    return _in_order(n_workers, work, jobs, halving)


def _may_fork() -> bool:
    """Return whether a fork is safe: not after TensorFlow has started threads."""
    heavy = {"tensorflow", "torch", "jax"}
    return sys.platform == "linux" and not heavy & sys.modules.keys()


def _executor(n_workers: int) -> Executor:
    arguments = (os.getpid(),)
    if _may_fork():
        context = multiprocessing.get_context("fork")
        return ProcessPoolExecutor(
            n_workers, context, initializer=_begin, initargs=arguments
        )
    # starts new processes, and unlike `spawn` does not run the caller's __main__
    from joblib.externals.loky import ProcessPoolExecutor as CleanProcesses

    executor: Executor = CleanProcesses(
        n_workers, initializer=_begin, initargs=arguments
    )
    return executor


def _begin(parent: int) -> None:
    """Let this process end with its parent, even if the parent is killed."""
    # objects from before the fork are no garbage; skip them in collections
    gc.freeze()
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before the signal was set up
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
        # Python 3.12 warns of any fork with threads running; see _may_fork
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return executor.submit(work, *job)
        except BrokenProcessPool as error:  # a crash may be noticed only here
            broken: Future[Result] = Future()
            broken.set_exception(error)
            return broken


def _alone(
    work: Callable[..., Result], job: Job, halving: Halving[Result]
) -> Iterator[tuple[bool, Result]]:
    """Run a job in a separate process; halve it as long as the process crashes.

    Returns:
        For each part in order, whether it was given up, and its result.
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
        "a process that decodes images crashed",
        received=str(error),
        allowed="processes that finish their work",
        remedy="Free memory, or lower data_preparation.n_workers; the next run "
        "resumes where this one stopped",
    )
