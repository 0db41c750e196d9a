"""Trains one network for a number of seconds on all workers of the pool."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import TrainingError
from kedro_nas.files import write_json
from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.tasks import OUT_OF_MEMORY, Epoch, Outcome, Task
from kedro_nas.training.team_run import run_on_team
from kedro_nas.training.workers.lease import lease_pool
from kedro_nas.training.workers.local import resolve_workers
from kedro_nas.work_clock import WorkClock

logger = logging.getLogger(__name__)

# Two members run 1.5 to 1.6 times the steps of one worker with two threads; with more
# members each sees too few images between two averages (benchmarks/team.py).
MAX_MEMBERS = 4
EVERY_STEPS = 25  # between two averages, which then take 2 to 6 % of the time
SAVE_S = 2.0  # to re-estimate batch norms and write the model
SOME_EPOCHS = 100_000  # not reached: the training ends by its seconds


@dataclass(frozen=True)
class LongFit:
    """The result of training a network for a number of seconds.

    Attributes:
        task: The task as it was trained, with a smaller batch if memory ran out.
        outcome: How it ended.
        members: Number of workers that trained it together.
    """

    task: Task
    outcome: Outcome
    members: int


def team_job(job: JobOptions) -> JobOptions:
    """Return job options for a team: fewer workers with more threads each.

    On a cluster the workers stay as they are.

    >>> eight = team_job(JobOptions(workers=8))
    >>> eight.workers, eight.threads_per_worker
    (4, 2)
    """
    if job.pool != "local":
        return job
    workers = resolve_workers(job.workers, job.threads_per_worker)
    if workers <= MAX_MEMBERS:
        return job
    threads = workers * job.threads_per_worker // MAX_MEMBERS
    return job.model_copy(
        update={"workers": MAX_MEMBERS, "threads_per_worker": threads}
    )


def fit_for_seconds(
    store: ImageStore,
    task: Task,
    folder: Path,
    job: JobOptions,
    *,
    seconds: float,
    clock: WorkClock,
) -> LongFit:
    """Train a network for a number of seconds; a killed training is resumed.

    Args:
        store: Images.
        task: What to train; its epochs are ignored.
        folder: Of checkpoints, models and the journal.
        job: `params:nas.job`.
        seconds: Wall seconds, all sessions together, until the model is written.
        clock: Of this training.

    Raises:
        TrainingError: Storage failed; the same command resumes the training.
    """
    shape = team_job(job)
    log = folder.parent / "workers.log"
    deadline = clock.deadline(max(1.0, seconds - SAVE_S))

    line_every_s = min(30.0, max(1.0, seconds / 60))
    next_line_s = 0.0

    def on_epoch(epoch: Epoch) -> None:
        nonlocal next_line_s
        if clock.seconds < next_line_s:
            return  # few images have 20 epochs a second
        next_line_s = clock.seconds + line_every_s
        logger.info(
            "final training: epoch %d, loss %.3f, %.0f of %.0f s",
            epoch.epoch,
            epoch.train_loss,
            clock.seconds,
            seconds,
        )

    with (
        outages_explained(TrainingError, folder),
        clock.ticking(),
        lease_pool(shape, log) as pool,
    ):
        members = min(MAX_MEMBERS, len(pool.teammates()))
        update = {
            "epochs": SOME_EPOCHS,
            "schedule_epochs": SOME_EPOCHS,
            "train_s": seconds,
            "threads": shape.threads_per_worker,
        }
        task = task.model_copy(update=update).with_files(folder, store.fingerprint)
        while True:
            outcome = run_on_team(
                pool,
                task,
                members=members,
                every_steps=EVERY_STEPS,
                journal=folder / "fits.jsonl",
                fingerprint=store.fingerprint,
                max_attempts=job.max_attempts,
                deadline=deadline,
                on_epoch=on_epoch,
            )
            too_large = outcome.reason.startswith(OUT_OF_MEMORY)
            if not too_large or task.architecture.recipe.batch_size < 2:
                return LongFit(task, outcome, members)
            task = task.with_half_batch(store.fingerprint)


def keep_seconds(path: Path, seconds: float) -> float:
    """Return the seconds saved by an earlier session, or save these.

    They define the learning-rate schedule, which a resumed training must not change.

    Args:
        path: JSON file, whose name identifies the training.
        seconds: Seconds of a new training.
    """
    if path.exists():
        return float(json.loads(path.read_text())["seconds"])
    write_json(path, {"seconds": seconds})
    return seconds
