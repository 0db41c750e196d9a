"""Run a fixed list of tasks on a pool, and keep their outcomes in a journal.

Used for folds and final fits: each outcome is written to a journal as soon as it is
known, so that a killed stage resumes with the missing tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import KedroNasError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.deadline import Deadline
from kedro_nas.training.halving import Halvings
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.task_journal import TaskJournal, read_journal, write_outcome
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.lease import lease_pool
from kedro_nas.training.workers.worker_pool import Event, WorkerPool
from kedro_nas.work_clock import WorkClock

NOT_BEGUN = "the budget ended before it was begun"
MAX_STARTS = 20  # workers that may die while starting before a task fails
OnEvent = Callable[[Task, Epoch | None, Outcome | None], None]


@dataclass(frozen=True)
class TaskResults:
    """How a list of tasks ended.

    Attributes:
        outcomes: By task id.
        tasks: By task id, as they were trained: with half the batch or less where
            memory ran out.
        earlier_s: Wall seconds that earlier sessions spent on the outcomes found in the
            journal, so that the time of a resumed stage includes them; work lost in a
            kill is not included.
        has_begun: Whether any task was handed to a worker in this session.
    """

    outcomes: dict[str, Outcome]
    tasks: dict[str, Task]
    earlier_s: float
    has_begun: bool


def run_tasks(
    pool: WorkerPool,
    tasks: Sequence[Task],
    *,
    journal: Path,
    fingerprint: str,
    max_attempts: int = 2,
    on_event: OnEvent = lambda *_: None,
    deadline: float | None = None,
    always_completed: int = 0,
    clock: WorkClock | None = None,
) -> TaskResults:
    """Run tasks on a pool until each has an outcome.

    Args:
        pool: Workers that run them.
        tasks: In the order in which they are started.
        journal: JSON lines, one per outcome, and one per network that ran out of memory
            with its batch; read first, and extended.
        fingerprint: Of the image store; together with the task it identifies an
            outcome.
        max_attempts: Times a task is tried when its worker is lost, or when it runs out
            of memory; then with half the batch.
        on_event: Called with each epoch and each outcome.
        deadline: On `time.monotonic`'s clock; tasks are stopped then, and no other is
            started. A task that writes a model is completed by then with fewer epochs,
            as its reason states; with more time it is resumed.
        always_completed: Number of first tasks that have no deadline.
        clock: Of the stage; if it shows less than the outcomes in the journal took, it
            is advanced, and the deadline is moved forward by as much.

    Returns:
        The outcomes; a task whose worker was lost each time is `failed`.

    Raises:
        OSError: Storage failed, in this process or in a worker.
    """
    ends_at = Deadline(deadline, frozenset(t.task_id for t in tasks[:always_completed]))
    run = _Run(pool, tasks, journal, fingerprint, max_attempts, on_event, ends_at)
    if clock is not None:
        run.bring_forward(clock.put_forward(run.earlier_s))
    return run.to_the_end()


def run_tasks_of_stage(
    store: ImageStore,
    tasks: Sequence[Task],
    job: JobOptions,
    journal: Path,
    clock: WorkClock,
    error: type[KedroNasError],
    *,
    limit_s: float | None,
    on_event: OnEvent = lambda *_: None,
    always_completed: int = 0,
) -> TaskResults:
    """Run a stage's tasks on the workers that the stage before may have left.

    A session in which no task was begun does not count in the stage's seconds. A
    task without a checkpoint is given one, so that a lost worker or a kill costs its
    running epoch; it is deleted with the outcome.

    Args:
        store: Images they train on.
        tasks: In the order in which they are started.
        job: `params:nas.job`.
        journal: As for `run_tasks`; a file of the stage's folder in the workspace.
        clock: Of the stage; runs meanwhile.
        error: Raised where storage fails.
        limit_s: Wall seconds of the stage, all sessions; None for no limit.
        on_event: As for `run_tasks`.
        always_completed: As for `run_tasks`.

    Raises:
        KedroNasError: Of the kind `error`; the same command resumes the stage.
    """
    folder = journal.parent
    states = folder / "checkpoints"

    def on_event_of_stage(
        task: Task, epoch: Epoch | None, outcome: Outcome | None
    ) -> None:
        if outcome is not None and outcome.status != "stopped":
            _checkpoint_in(states, task).unlink(missing_ok=True)
        on_event(task, epoch, outcome)

    deadline = clock.deadline(limit_s)
    with (
        outages_explained(error, folder),
        clock.ticking(),
        lease_pool(job, folder.parent / "workers.log") as pool,
    ):
        ran = run_tasks(
            pool,
            [_with_checkpoint(task, states) for task in tasks],
            journal=journal,
            fingerprint=store.fingerprint,
            max_attempts=job.max_attempts,
            on_event=on_event_of_stage,
            deadline=deadline,
            always_completed=always_completed,
            clock=clock,
        )
    if not ran.has_begun:
        clock.leave_out_session()
    return ran


def _checkpoint_in(folder: Path, task: Task) -> Path:
    return folder / f"{task.task_id}.npz"


def _with_checkpoint(task: Task, folder: Path) -> Task:
    if task.checkpoint is not None:
        return task
    path = str(_checkpoint_in(folder, task))
    return task.model_copy(update={"checkpoint": path})


class _Run:
    """One call of `run_tasks`; its arguments."""

    def __init__(
        self,
        pool: WorkerPool,
        tasks: Sequence[Task],
        journal: Path,
        fingerprint: str,
        max_attempts: int,
        on_event: OnEvent,
        deadline: Deadline,
    ) -> None:
        self._pool = pool
        self._journal = journal
        self._fingerprint = fingerprint
        self._max_attempts = max_attempts
        self._on_event = on_event
        self._deadline = deadline
        earlier = read_journal(journal)
        self._halvings = Halvings(journal, earlier, fingerprint)
        self._tasks = {t.task_id: self._halvings.suited(t) for t in tasks}
        self._known = _known(self._tasks, earlier, fingerprint)
        self._outcomes = {n: o for n, o in self._known.items() if not o.reason}
        self._waiting: list[Task] = []
        self._attempts = dict.fromkeys(self._tasks, 0)
        self._running = self._starts = 0
        spent = (sum(outcome.seconds.values()) for outcome in self._outcomes.values())
        self.earlier_s = sum(spent) / pool.size

    def bring_forward(self, seconds: float) -> None:
        """Move the deadline to a time that is some seconds earlier."""
        if self._deadline.at is not None:
            self._deadline = replace(self._deadline, at=self._deadline.at - seconds)

    def to_the_end(self) -> TaskResults:
        if self._deadline.is_over():
            self._outcomes = self._known  # not resumed without more time
        self._waiting = [t for n, t in self._tasks.items() if n not in self._outcomes]
        while self._waiting or self._running:
            self._leave_out_late()
            self._submit()
            # where all nodes of a cluster are gone, one may come
            idle = not self._running and self._pool.free()
            for event in () if idle else self._pool.wait(0.5):
                self._take(event)
        return TaskResults(
            {name: self._outcomes[name] for name in self._tasks},
            self._tasks,
            self.earlier_s,
            has_begun=any(self._attempts.values()),
        )

    def _leave_out_late(self) -> None:
        idle = {task.task_id for task in self._waiting}
        idle |= {n for n, o in self._outcomes.items() if o.status != "completed"}
        others = [task for name, task in self._tasks.items() if name not in idle]
        for task in self._deadline.too_late(self._waiting, others):
            self._waiting.remove(task)
            self._end(task, Outcome(status="stopped", reason=NOT_BEGUN))

    def _submit(self) -> None:
        for worker in self._pool.free():
            if not self._waiting:
                break
            task = self._waiting.pop(0)
            self._attempts[task.task_id] += 1
            self._running += 1
            remaining = self._deadline.remaining_s(task)
            self._pool.submit(task, worker=worker, remaining_s=remaining)

    def _take(self, event: Event) -> None:
        task = self._tasks[event.task_id]
        if event.kind == "epoch":
            self._on_event(task, event.epoch, None)
            return
        self._running -= 1
        may_retry = self._attempts[task.task_id] < self._max_attempts
        if event.outcome and may_retry and self._halvings.halve(task, event.outcome):
            self._waiting = [self._halvings.suited(t) for t in (task, *self._waiting)]
            self._tasks |= {t.task_id: t for t in self._waiting}
        elif event.outcome is not None:
            self._end(task, _raise_if_outage(event.outcome))
        elif not event.begun and self._starts < MAX_STARTS:
            self._starts += 1
            self._attempts[task.task_id] -= 1
            self._waiting.insert(0, task)
        elif may_retry:
            self._waiting.insert(0, task)
        else:
            self._end(task, _given_up(event))

    def _end(self, task: Task, outcome: Outcome) -> None:
        self._outcomes[task.task_id] = outcome
        if outcome.status == "completed":
            write_outcome(self._journal, task.digest(self._fingerprint), outcome)
        self._on_event(task, None, outcome)


def _known(
    tasks: Mapping[str, Task], earlier: TaskJournal, fingerprint: str
) -> dict[str, Outcome]:
    """Return the outcomes of earlier sessions; a reason marks those cut short."""
    digests = {
        name: task.digest(fingerprint)
        for name, task in tasks.items()
        if _has_required_file(task)
    }
    ended = earlier.outcomes
    return {name: ended[digest] for name, digest in digests.items() if digest in ended}


def _has_required_file(task: Task) -> bool:
    """Return whether a task's model file exists, if it writes one."""
    if task.model_file is None:
        return True
    file = Path(task.model_file)
    return file.exists() and file.stat().st_size > 0  # 0 bytes: an interrupted write


def _raise_if_outage(outcome: Outcome) -> Outcome:
    """Return the outcome, or raise the storage error that it reports."""
    if outcome.outage is not None:
        raise outcome.outage.as_error()
    return outcome


def _given_up(event: Event) -> Outcome:
    return Outcome(status="failed", reason=f"the worker was lost: {event.reason}")
