"""Worker processes on this machine: one per GPU, or one per core."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kedro_nas.devices import (
    cpu_numbers,
    environment_of_child,
    find_gpus,
    gpu_names,
    share_gpu_memory,
)
from kedro_nas.parameters.job import JobOptions
from kedro_nas.space.registry import custom_functions
from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers.core_claim import CoreClaim
from kedro_nas.training.workers.messages import (
    TaskMessage,
    WorkerMessage,
    parse_worker_message,
)
from kedro_nas.training.workers.worker_pool import Event

logger = logging.getLogger(__name__)

CLOSE_S = 2.0  # how long a worker whose output has ended may take to exit


# number of a worker, its process id, what it sent; None at the end of its output
_Received = tuple[int, int, WorkerMessage | None]


@dataclass
class _Worker:
    process: subprocess.Popen[str]
    task: Task | None = None
    begun: bool = False
    last_message: float = field(default_factory=time.monotonic)
    live: set[str] = field(default_factory=set)
    memory_mb: float = 0.0


class LocalPool:
    """Long-lived worker processes, each on one GPU or on some of the cores.

    Args:
        workers: How many, or `auto`.
        threads: Intra-op threads of each, on CPU.
        log: File that collects what workers print.
        max_silence_s: A worker that reports no progress for so long is killed and
            counted as lost.
        max_memory_mb: A worker that uses more is replaced before its next task.
    """

    def __init__(
        self,
        *,
        workers: int | Literal["auto"],
        threads: int,
        log: Path,
        max_silence_s: float = 600,
        max_memory_mb: float = 6144,
    ) -> None:
        # a process without our hooks that later evaluates a model would take the card
        # (seen on an H200: 98 % of its memory)
        share_gpu_memory()
        gpus = find_gpus()
        if gpus.problem:
            logger.warning("%s.", gpus.problem)
        self._gpus = gpus.names
        self._cpus = cpu_numbers()
        self._threads = threads
        self._size = resolve_workers(workers, threads)
        self._log = log
        self._max_silence_s = max_silence_s
        self._max_memory_mb = max_memory_mb
        self.made_for: tuple[Any, ...] = ()
        self._claim = self._claim_cores()
        self._messages: queue.Queue[_Received] = queue.Queue()
        self._workers = [self._start(i) for i in range(self._size)]

    @staticmethod
    def kind(options: JobOptions) -> tuple[Any, ...]:
        """Return what two pools must share to be exchanged for each other."""
        return (
            resolve_workers(options.workers, options.threads_per_worker),
            options.threads_per_worker,
            options.max_silence_s,
            options.max_worker_memory_mb,
            tuple(sys.path),
            # a worker keeps the code of blocks that it has imported
            custom_functions(),
        )

    @classmethod
    def start(cls, options: JobOptions, log: Path) -> LocalPool:
        """Start the pool that the options describe."""
        made_for = cls.kind(options)
        workers, threads, max_silence_s, max_memory_mb, *_ = made_for
        pool = cls(
            workers=workers,
            threads=threads,
            log=log,
            max_silence_s=max_silence_s,
            max_memory_mb=max_memory_mb,
        )
        pool.made_for = made_for
        return pool

    @property
    def size(self) -> int:
        """Number of workers."""
        return self._size

    def _start(self, number: int) -> _Worker:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "kedro_nas.training.workers.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment(number),
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        self._pin(process.pid, number)
        threading.Thread(
            target=self._listen, args=(number, process), daemon=True
        ).start()
        return _Worker(process)

    def _environment(self, number: int) -> dict[str, str]:
        gpu = self._gpus[number % len(self._gpus)] if self._gpus else "-1"
        threads = str(self._threads)
        return environment_of_child(
            gpus=gpu,
            has_our_modules=True,
            KERAS_BACKEND="tensorflow",
            KEDRO_NAS_THREADS=threads,
            OMP_NUM_THREADS=threads,
            # one BLAS thread for NumPy; TensorFlow has its own pool
            OPENBLAS_NUM_THREADS="1",
        )

    def _claim_cores(self) -> CoreClaim | None:
        """Claim the cores if the workers fill them; otherwise the system places them.

        Two small searches at a time would otherwise both be pinned to the first core
        and run at half their speed.
        """
        fills = self._size * self._threads >= len(self._cpus)
        if self._gpus or not fills or not hasattr(os, "sched_setaffinity"):
            return None
        return CoreClaim(self._cpus)

    def _pin(self, pid: int, number: int) -> None:
        """Pin a worker to its cores.

        Two pinned workers train 1.24 times as fast as one worker with all threads.
        """
        if self._claim is None or not self._claim.granted:
            return
        first = number * self._threads
        cores = [
            self._cpus[(first + i) % len(self._cpus)] for i in range(self._threads)
        ]
        # a container may forbid it, which costs speed only
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, cores)

    def _listen(self, number: int, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            message = parse_worker_message(line)
            if message is not None:
                self._messages.put((number, process.pid, message))
            elif line.strip():  # printed by a start-up hook of the environment
                with (
                    contextlib.suppress(OSError),
                    self._log.open("a", encoding="utf-8") as log,
                ):
                    log.write(line)
        self._messages.put((number, process.pid, None))

    def take_over(self, options: JobOptions, log: Path) -> bool:
        """Serve a stage with these options from now on; see `WorkerPool`."""
        if self.made_for != self.kind(options):
            return False
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        return True

    def process_ids(self) -> list[int]:
        """Return the process id of each worker."""
        return [worker.process.pid for worker in self._workers]

    def free(self) -> list[int]:
        """Return the workers without a task, lowest number first."""
        return [i for i, worker in enumerate(self._workers) if worker.task is None]

    def teammates(self) -> list[int]:
        """Return the workers without a task: all are on this machine."""
        return self.free()

    def holds(self, checkpoint: str) -> int | None:
        """Return the worker that has this checkpoint's network in memory, or None."""
        for number, worker in enumerate(self._workers):
            if checkpoint in worker.live:
                return number
        return None

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        """Give a task to a free worker; see `WorkerPool`."""
        one = self._workers[worker]
        if one.memory_mb > self._max_memory_mb or one.process.poll() is not None:
            self._end(one)
            one = self._workers[worker] = self._start(worker)
        one.task, one.begun, one.last_message = task, False, time.monotonic()
        ends_at = None if remaining_s is None else time.time() + remaining_s
        message = TaskMessage(task=task, ends_at=ends_at, log=str(self._log.absolute()))
        assert one.process.stdin is not None
        # the end of its standard output tells that it is lost
        with contextlib.suppress(BrokenPipeError):
            one.process.stdin.write(message.to_line())
            one.process.stdin.flush()

    def wait(self, timeout_s: float) -> list[Event]:
        """Return the events since the last call, after at most `timeout_s` seconds."""
        events: list[Event] = []
        with contextlib.suppress(queue.Empty):
            received = self._messages.get(timeout=timeout_s)
            while True:
                events += self._process_message(*received)
                received = self._messages.get_nowait()
        return events + self._silent()

    def _process_message(
        self, number: int, pid: int, message: WorkerMessage | None
    ) -> list[Event]:
        worker = self._workers[number]
        if worker.process.pid != pid:
            return []  # of a worker that has been replaced
        worker.last_message = time.monotonic()
        if message is None:
            return self._lost(
                number, f"its process ended ({_describe_end(worker.process)})"
            )
        if message.event == "begun":
            worker.begun = True
        if message.event == "epoch":
            return [Event("epoch", number, message.task_id, epoch=message.epoch)]
        if message.event == "end" and message.outcome is not None:
            worker.memory_mb = message.outcome.memory_mb
            self._remember(worker, message.outcome)
            worker.task = None
            return [Event("end", number, message.task_id, outcome=message.outcome)]
        return []

    def _remember(self, worker: _Worker, outcome: Outcome) -> None:
        task = worker.task
        if task is None:
            return
        for one in self._workers:
            # a network kept under the same name is that of an earlier search
            one.live -= {task.parent, task.checkpoint}
        if task.checkpoint is not None and outcome.status == "completed":
            worker.live.add(task.checkpoint)

    def _lost(self, number: int, reason: str) -> list[Event]:
        worker = self._workers[number]
        task = worker.task
        self._end(worker)
        self._workers[number] = self._start(number)
        if task is None:
            return []
        if worker.process.returncode == -signal.SIGBUS:
            # a failing read of a memory-mapped file, the pixels, ends in SIGBUS
            outage = Outage(message=f"a mapped file failed: {reason}", path=task.store)
            outcome = Outcome.of_outage(outage)
            return [Event("end", number, task.task_id, outcome=outcome)]
        lost = Event("lost", number, task.task_id, reason=reason, begun=worker.begun)
        return [lost]

    def _silent(self) -> list[Event]:
        now = time.monotonic()
        events: list[Event] = []
        for number, worker in enumerate(self._workers):
            if (
                worker.task is not None
                and now - worker.last_message > self._max_silence_s
            ):
                reason = f"it made no progress for {self._max_silence_s:.0f} s"
                events += self._lost(number, reason)
        return events

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.process.kill()
        worker.process.wait()
        for pipe in (worker.process.stdin, worker.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def close(self) -> None:
        """End all workers; running tasks are abandoned."""
        for worker in self._workers:
            self._end(worker)
        if self._claim is not None:
            self._claim.release()


def _describe_end(process: subprocess.Popen[str]) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=CLOSE_S)
    code = process.returncode
    if code is not None and code < 0:
        return f"signal {-code}" + (", often out of memory" if code == -9 else "")
    return f"exit status {code}"


def start_local_pool(options: JobOptions, log: Path) -> LocalPool:
    """Start the pool `local`; see `make_pool`."""
    return LocalPool.start(options, log)


def resolve_workers(workers: int | Literal["auto"], threads: int) -> int:
    """Return the number of workers, `auto` resolved for this machine.

    Args:
        workers: A number, or `auto`: one per GPU, or as many as the cores allow.
        threads: Threads of each.
    """
    if workers != "auto":
        return workers
    return len(gpu_names()) or max(1, len(cpu_numbers()) // threads)
