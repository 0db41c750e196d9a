"""A worker process: reads tasks as lines of JSON, writes messages as lines of JSON.

Started as `python -m kedro_nas.training.workers.process`. It serves many tasks, so
TensorFlow is imported once; it ends when its standard input ends, so no worker outlives
a driver that is killed.
"""

from __future__ import annotations

import gc
import io
import math
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from kedro_nas.redaction import redacted
from kedro_nas.training.device import prepare_device
from kedro_nas.training.learner_cache import LearnerCache
from kedro_nas.training.outage import outage_of, storage
from kedro_nas.training.tasks import OUT_OF_MEMORY, Outcome, Task
from kedro_nas.training.workers.messages import TaskMessage, WorkerMessage

STATM = Path("/proc/self/statm")  # Linux has it
PROGRESS_S = 1.0  # shortest time between two progress messages
MAX_KEPT_LEARNERS = 6  # networks in memory that may be trained further


def main() -> None:
    """Serve tasks until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver handles Ctrl-C
    channel = _claim_stdout()
    tasks: queue.Queue[tuple[float, str]] = queue.Queue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    prepare_device(int(os.environ.get("KEDRO_NAS_THREADS", "1")))
    server = TaskServer(channel)
    server.send(WorkerMessage(event="ready"))
    ready = time.monotonic()
    while True:
        arrived, line = tasks.get()
        message = TaskMessage.model_validate_json(line)
        server.serve(message, import_s=max(0.0, ready - arrived))


def _claim_stdout() -> TextIO:
    """Keep standard output for messages; what else is printed goes to the log.

    Line by line: a worker is ended without time to write what is left in a buffer.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    channel.write("\n")  # ends the line a start-up hook may have begun
    return channel


def _read(tasks: queue.Queue[tuple[float, str]]) -> None:
    for line in sys.stdin:
        tasks.put((time.monotonic(), line))
    # the driver has ended; a normal exit would wait for TensorFlow's threads
    os._exit(0)


class TaskServer:
    """Trains one task after another and reports about each.

    Args:
        channel: Where messages are written.
    """

    def __init__(self, channel: TextIO) -> None:
        self._channel = channel
        # by checkpoint: the lineage of the task that wrote it, and its learner
        self._kept: OrderedDict[str, tuple[str, Any]] = OrderedDict()
        self._fold_learners = LearnerCache()
        self._reported = -math.inf

    def report_progress(self, task_id: str) -> None:
        """Send a progress message, at most one in `PROGRESS_S` seconds.

        Called after a piece of work and not by a timer: a worker that hangs must send
        none.
        """
        if time.monotonic() - self._reported >= PROGRESS_S:
            self._reported = time.monotonic()
            self.send(WorkerMessage(event="progress", task_id=task_id))

    def send(self, message: WorkerMessage) -> None:
        """Write a message."""
        self._channel.write(message.to_line())

    def serve(self, message: TaskMessage, *, import_s: float = 0.0) -> None:
        """Train a task and send its outcome, whatever happens.

        Args:
            message: The task and its deadline.
            import_s: Seconds the task waited for the import of TensorFlow.
        """
        task = message.task
        if message.log:
            self._print_to(message.log)
        self.send(WorkerMessage(event="begun", task_id=task.task_id))
        deadline = None
        if message.ends_at is not None:
            deadline = time.monotonic() + message.ends_at - time.time()
        outcome = self._run(task, deadline)
        outcome.memory_mb = _resident_mb()
        outcome.seconds["import"] = import_s
        self.send(WorkerMessage(event="end", task_id=task.task_id, outcome=outcome))

    def _print_to(self, log: str) -> None:
        """Append what is printed to a file, TensorFlow's C++ code included.

        It is opened for each task, as the one before may have been deleted since.
        """
        sys.stdout.flush()
        # a log that cannot be written is no reason to lose a task
        with suppress(OSError), Path(log).open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)

    def _run(self, task: Task, deadline: float | None) -> Outcome:
        try:
            return self._train(task, deadline)
        except Exception as error:  # noqa: BLE001 - the failure is recorded with its reason
            outage = outage_of(error)
            if outage is not None:
                return Outcome.of_outage(outage)
            kind = OUT_OF_MEMORY if _out_of_memory(error) else type(error).__name__
            reason = redacted(f"{kind}: {_first_line(error)}")
        gc.collect()
        return Outcome(status="failed", reason=reason)

    def _train(self, task: Task, deadline: float | None) -> Outcome:
        from kedro_nas.data.store import ImageStore
        from kedro_nas.training.learner_setup import UNREADABLE
        from kedro_nas.training.unit import Unit

        register_blocks(dict(task.architecture.custom_blocks))
        with storage(task.store, also=UNREADABLE):
            lineage = task.lineage(ImageStore.open(Path(task.store)).fingerprint)
        learner = self._take(task.parent, lineage)
        is_fold = task.rows.startswith("fold")
        if is_fold:
            self._kept.clear()  # the search is over
        else:
            self._fold_learners.clear()
        unit = Unit(
            task,
            learner=learner,
            deadline=deadline,
            on_epoch=lambda epoch: self.send(
                WorkerMessage(event="epoch", task_id=task.task_id, epoch=epoch)
            ),
            fold_learners=self._fold_learners,
            on_progress=lambda: self.report_progress(task.task_id),
        )
        outcome = unit.run()
        if is_fold:
            self._fold_learners.keep(task, unit.fingerprint, unit.learner)
        elif task.checkpoint is not None and outcome.status == "completed":
            self._keep(task.checkpoint, lineage, unit.learner)
        return outcome

    def _take(self, checkpoint: str | None, lineage: str) -> Any:
        """Return the learner that wrote a checkpoint, or None; it is kept no longer.

        A later search may write the same file: the learner of the earlier one has
        another lineage and is dropped.
        """
        kept_lineage, learner = self._kept.pop(checkpoint or "", ("", None))
        return learner if kept_lineage == lineage else None

    def _keep(self, checkpoint: str, lineage: str, learner: Any) -> None:
        self._kept[checkpoint] = lineage, learner
        while len(self._kept) > MAX_KEPT_LEARNERS:
            self._kept.popitem(last=False)
            gc.collect()


def register_blocks(custom_blocks: dict[str, str]) -> None:
    """Import the custom blocks that a task or a saved model needs."""
    if custom_blocks:
        from kedro_nas.models.custom_blocks import register_custom_blocks

        register_custom_blocks(custom_blocks)


def _out_of_memory(error: BaseException | None) -> bool:
    """Return whether an error or one of its causes is a lack of memory."""
    import tensorflow as tf

    while error is not None:
        if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
            return True
        error = error.__cause__
    return False


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or "no message"
    return text.splitlines()[0][:500]


def _resident_mb() -> float:
    if not STATM.exists():  # macOS, where the peak is counted in bytes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
