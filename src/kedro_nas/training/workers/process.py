"""A worker process: reads tasks as JSON lines, writes events as JSON lines.

Started as `python -m kedro_nas.training.workers.process`. It lives for many tasks, so
TensorFlow is imported once; it ends when its standard input does, so a driver that is
killed leaves no orphan.
"""

from __future__ import annotations

import gc
import json
import math
import os
import queue
import signal
import sys
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, TextIO

from kedro_nas.redaction import redacted
from kedro_nas.training.device import prepare_device
from kedro_nas.training.learner_cache import LearnerCache

PROGRESS_S = 1.0  # between two reports of progress, at least
MAX_LIVE_LEARNERS = 6  # graphs and weights of candidates that may be promoted


def main() -> None:
    """Serve tasks until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    channel = _claim_stdout()
    tasks: queue.Queue[tuple[float, dict[str, Any]]] = queue.Queue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    prepare_device(int(os.environ.get("KEDRO_NAS_THREADS", "1")))
    server = _Server(channel)
    server.say(event="ready")
    ready = time.monotonic()
    while True:
        arrived, message = tasks.get()
        server.serve(message, import_s=max(0.0, ready - arrived))


def _claim_stdout() -> TextIO:
    """Keep standard output for events; whatever else prints goes to the log."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    channel.write("\n")  # ends the line a start-up hook may have begun
    return channel


def _read(tasks: queue.Queue[tuple[float, dict[str, Any]]]) -> None:
    for line in sys.stdin:
        tasks.put((time.monotonic(), json.loads(line)))
    os._exit(0)  # the driver is gone; a thread in TensorFlow would hold exit back


class _Server:
    def __init__(self, channel: TextIO) -> None:
        self._channel = channel
        # by checkpoint: the lineage of the task that wrote it, and its learner
        self._live: OrderedDict[str, tuple[str, Any]] = OrderedDict()
        self._spares = LearnerCache()
        self._reported = -math.inf

    def report_progress(self, task_id: str) -> None:
        """Send a progress message, at most one in `PROGRESS_S` seconds.

        Called where training has done some work, never by a clock: a worker that hangs
        has to fall silent.
        """
        if time.monotonic() - self._reported >= PROGRESS_S:
            self._reported = time.monotonic()
            self.say(event="progress", task_id=task_id)

    def say(self, **message: Any) -> None:
        self._channel.write(json.dumps(message) + "\n")

    def serve(self, message: dict[str, Any], *, import_s: float = 0.0) -> None:
        from kedro_nas.training.tasks import Task

        task = Task.model_validate(message["task"])
        self.say(event="begun", task_id=task.task_id)
        ends_at = message["ends_at"]
        deadline = None
        if ends_at is not None:
            deadline = time.monotonic() + ends_at - time.time()
        outcome = self._run(task, deadline)
        outcome["memory_mb"] = _resident_mb()
        outcome["seconds"]["import"] = import_s
        self.say(event="end", task_id=task.task_id, outcome=outcome)

    def _run(self, task: Any, deadline: float | None) -> dict[str, Any]:
        from kedro_nas.training.outage import outage_of
        from kedro_nas.training.tasks import OUT_OF_MEMORY, Outcome

        try:
            return self._train(task, deadline)
        except Exception as error:  # noqa: BLE001 - a failed trial is a row, with why
            outage = outage_of(error)
            if outage is not None:
                return Outcome.of_outage(outage).model_dump()
            kind = OUT_OF_MEMORY if _out_of_memory(error) else type(error).__name__
            reason = redacted(f"{kind}: {_first_line(error)}")
        gc.collect()
        return Outcome(status="failed", reason=reason).model_dump()

    def _train(self, task: Any, deadline: float | None) -> dict[str, Any]:
        from kedro_nas.data.store import ImageStore
        from kedro_nas.training.outage import storage
        from kedro_nas.training.unit import UNREADABLE, Unit

        register_blocks(dict(task.architecture.custom_blocks))
        with storage(task.store, also=UNREADABLE):
            lineage = task.lineage(ImageStore.open(Path(task.store)).fingerprint)
        live = self._take(task.parent, lineage)
        is_fold = task.rows.startswith("fold")
        if is_fold:
            self._live.clear()  # the search is over
        else:
            self._spares.clear()
        unit = Unit(
            task,
            learner=live,
            deadline=deadline,
            say=lambda epoch: self.say(
                event="epoch", task_id=task.task_id, epoch=epoch.model_dump()
            ),
            spares=self._spares,
            on_progress=lambda: self.report_progress(task.task_id),
        )
        outcome = unit.run()
        if is_fold:
            self._spares.keep(task, unit.fingerprint, unit.learner)
        if task.checkpoint is not None and outcome.status == "completed":
            self._keep(task.checkpoint, lineage, unit.learner)
        return outcome.model_dump()

    def _take(self, checkpoint: str | None, lineage: str) -> Any:
        """Hand out the learner that wrote a checkpoint, or None.

        A later search may write the same file: the learner of the one before has
        another lineage, and is let go.
        """
        kept, learner = self._live.pop(checkpoint or "", ("", None))
        return learner if kept == lineage else None

    def _keep(self, checkpoint: str, lineage: str, learner: Any) -> None:
        self._live[checkpoint] = lineage, learner
        while len(self._live) > MAX_LIVE_LEARNERS:
            self._live.popitem(last=False)
            gc.collect()


def register_blocks(custom_blocks: dict[str, str]) -> None:
    """Import the user's blocks a task or a saved model needs."""
    if custom_blocks:
        from kedro_nas.models.custom_blocks import register_custom_blocks

        register_custom_blocks(custom_blocks)


def _out_of_memory(error: BaseException | None) -> bool:
    """Return whether memory ran out, perhaps behind an error that wraps it."""
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
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0.0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
