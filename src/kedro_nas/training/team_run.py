"""Run one task on several workers at once, and restart them when one is lost."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kedro_nas.training.task_journal import read_journal, write_outcome
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.team import Team
from kedro_nas.training.workers.worker_pool import Event, WorkerPool


def run_on_team(
    pool: WorkerPool,
    task: Task,
    *,
    members: int,
    every_steps: int,
    journal: Path,
    fingerprint: str,
    max_attempts: int,
    deadline: float | None,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Outcome:
    """Train one network on several workers that average its weights.

    Args:
        pool: Has at least `members` teammates; if some are lost it waits for others.
        task: Without a team; training resumes from its checkpoint if there is one.
        members: Number of workers; 1 trains it on one worker, without a team.
        every_steps: Gradient steps between two averages.
        journal: JSON lines, one per outcome; read first, and extended.
        fingerprint: Of the image store.
        max_attempts: Times the team is started when a worker is lost.
        deadline: On `time.monotonic`'s clock: the training ends by then.
        on_epoch: Called after each epoch.

    Returns:
        The outcome of member 0; `failed` when workers were lost each time.
    """
    outcome = Outcome(status="failed", reason="no worker was started")
    for _ in range(max_attempts):
        with _Meeting(task, members, every_steps) as tasks:
            digest = tasks[0].digest(fingerprint)
            known = read_journal(journal).outcomes.get(digest)
            if known is not None and _has_model_file(task.model_file):
                return known
            outcome, lost = _run(pool, tasks, deadline, on_epoch)
        if not lost:
            break
    if outcome.status == "completed":
        write_outcome(journal, digest, outcome)
    return outcome


def _has_model_file(model_file: str | None) -> bool:
    """Return whether the model file of a journalled outcome is complete."""
    file = Path(model_file or "")
    return file.is_file() and file.stat().st_size > 0  # 0 bytes: an interrupted write


class _Meeting:
    """The folder in which the members of one attempt connect."""

    def __init__(self, task: Task, members: int, every_steps: int) -> None:
        self._task, self._members, self._every = task, members, every_steps
        self._folder = ""

    def __enter__(self) -> list[Task]:
        if self._members == 1:
            return [self._task]
        self._folder = tempfile.mkdtemp(prefix="kedro-nas-team-")
        return [
            self._task.model_copy(
                update={
                    "task_id": f"{self._task.task_id}-member-{rank}",
                    "team": Team(
                        rank=rank,
                        size=self._members,
                        folder=self._folder,
                        every_steps=self._every,
                    ),
                }
            )
            for rank in range(self._members)
        ]

    def __exit__(self, *_: object) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _run(
    pool: WorkerPool,
    tasks: list[Task],
    deadline: float | None,
    on_epoch: Callable[[Epoch], None],
) -> tuple[Outcome, bool]:
    """Run the members until all have ended.

    Returns:
        The outcome of member 0, and whether a worker was lost.
    """
    while len(pool.teammates()) < len(tasks):
        pool.wait(0.5)  # until lost workers are replaced
    remaining = None if deadline is None else deadline - time.monotonic()
    for task, worker in zip(tasks, pool.teammates(), strict=False):
        pool.submit(task, worker=worker, remaining_s=remaining)
    running = {task.task_id for task in tasks}
    ended: dict[str, Outcome] = {}
    lost: list[Event] = []
    while running:
        for event in pool.wait(0.5):
            if event.epoch is not None:
                on_epoch(event.epoch)
                continue
            running.discard(event.task_id)
            if event.outcome is None:
                lost.append(event)
                _abort(tasks)
            else:
                ended[event.task_id] = event.outcome
    if lost:
        reason = f"the worker was lost: {lost[0].reason}"
        return Outcome(status="failed", reason=reason), True
    for outcome in ended.values():
        if outcome.outage is not None:
            raise outcome.outage.as_error()
    failed = [o for o in ended.values() if o.status == "failed"]
    return (failed or [ended[tasks[0].task_id]])[0], False


def _abort(tasks: list[Task]) -> None:
    """Delete the folder, so that members waiting for a lost one end."""
    for task in tasks:
        if task.team is not None:
            shutil.rmtree(task.team.folder, ignore_errors=True)
