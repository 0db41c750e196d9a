"""Run a fixed list of tasks on a pool, and keep what is done.

Folds and final fits go through here: each outcome is a line of a journal as soon as it
is known, so that a killed stage goes on with what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kedro_nas.files import append_json_line, read_json_lines
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.base import Event, WorkerPool

MAX_STARTS = 20  # workers that may die while starting, before their task is blamed
Heard = Callable[[Task, Epoch | None, Outcome | None], None]


@dataclass(frozen=True)
class Ran:
    """How a list of tasks ended.

    Attributes:
        outcomes: By task id.
        earlier_s: Wall seconds earlier sessions spent on the outcomes found in the
            journal. Without them a stage that was killed and resumed would seem quicker
            than what it shows took; what a kill left unfinished is not in them.
    """

    outcomes: dict[str, Outcome]
    earlier_s: float


def run_tasks(
    pool: WorkerPool,
    tasks: Sequence[Task],
    *,
    journal: Path,
    fingerprint: str,
    max_attempts: int = 2,
    heard: Heard = lambda *_: None,
    deadline: float | None = None,
    at_least: int = 0,
) -> Ran:
    """Run tasks until each has an outcome.

    Args:
        pool: Where they run.
        tasks: In the order in which they are started.
        journal: JSON lines, one per outcome; read first, and extended.
        fingerprint: Of the image store; with the task it names an outcome.
        max_attempts: Times a task is tried when its worker is lost.
        heard: Told of each epoch and each outcome.
        deadline: On `time.monotonic`'s clock; tasks are stopped then. One that writes
            a model is completed by then, with fewer epochs, and says so.
        at_least: So many of the first tasks know no deadline.

    Returns:
        The outcomes; a task whose worker was lost each time is `failed`.
    """
    known = {line["digest"]: line["outcome"] for line in read_json_lines(journal)}
    digests = {task.task_id: task.digest(fingerprint) for task in tasks}
    by_id = {task.task_id: task for task in tasks}
    outcomes = {
        name: Outcome.model_validate(known[digest])
        for name, digest in digests.items()
        if digest in known and _usable(by_id[name])
    }
    earlier = sum(sum(outcome.seconds.values()) for outcome in outcomes.values())
    waiting = [task for task in tasks if task.task_id not in outcomes]
    excused = {task.task_id for task in tasks[:at_least]}
    attempts = dict.fromkeys(by_id, 0)
    running = starts = 0

    def end(task: Task, outcome: Outcome) -> None:
        outcomes[task.task_id] = outcome
        if outcome.status == "completed" and not outcome.reason:
            line = {"digest": digests[task.task_id], "outcome": outcome.model_dump()}
            append_json_line(journal, line)
        heard(task, None, outcome)

    while waiting or running:
        for worker in pool.free():
            if not waiting:
                break
            task = waiting.pop(0)
            remaining = None
            if deadline is not None and task.task_id not in excused:
                remaining = deadline - time.monotonic()
            attempts[task.task_id] += 1
            pool.submit(task, worker=worker, remaining_s=remaining)
            running += 1
        for event in pool.wait(0.5):
            task = by_id[event.task_id]
            if event.kind == "epoch":
                heard(task, event.epoch, None)
                continue
            running -= 1
            if event.outcome is not None:
                end(task, event.outcome)
            elif not event.begun and starts < MAX_STARTS:
                starts += 1
                attempts[task.task_id] -= 1
                waiting.insert(0, task)
            elif attempts[task.task_id] < max_attempts:
                waiting.insert(0, task)
            else:
                end(task, _given_up(event))
    return Ran(outcomes, earlier / pool.size)


def _usable(task: Task) -> bool:
    """Say whether a journalled outcome still has the file it speaks of."""
    return task.model_file is None or Path(task.model_file).exists()


def _given_up(event: Event) -> Outcome:
    return Outcome(status="failed", reason=f"the worker was lost: {event.reason}")
