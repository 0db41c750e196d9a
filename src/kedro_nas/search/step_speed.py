"""Measures the machine once per search, before its first trial."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from kedro_nas.accounting.budget_plan import MachineSpeed
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import (
    ExecutionMeasured,
    SpeedMeasured,
    TrialCreated,
)
from kedro_nas.space.batch import with_batch_size
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.conditions import Conditions
from kedro_nas.training.execution import (
    HALF,
    PLAIN,
    computes_bfloat16,
    execution_here,
    trains_on_gpu,
)
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.run import run_tasks
from kedro_nas.training.step_timing import PROBE_STEPS, Measured, probe
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers.lease import lease_pool
from kedro_nas.training.workers.worker_pool import WorkerPool

SHARE = 0.05  # of the budget, at most, for choosing an execution
WARM_START_S = 5.0  # an import of TensorFlow on two quiet cores

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MeasuredSpace:
    """A search space adapted to the machine.

    Attributes:
        space: The space, with the batch size to use.
        execution: How gradient steps are run.
        speed: Speed of candidate 0; None where the search does not depend on time.
    """

    space: SearchSpace
    execution: Execution
    speed: MachineSpeed | None


def measure_once(
    store: ImageStore,
    space: SearchSpace,
    folder: Path,
    ledger: Ledger,
    job: JobOptions,
    *,
    verdict: Verdict,
    budget_s: float | None,
    wants_speed: bool,
) -> MeasuredSpace:
    """Time a few steps of candidate 0, or read the results from the ledger.

    This also chooses how steps are run: on a GPU batch size, XLA and precision by a
    measurement, on a CPU the precision by its hardware.

    Args:
        store: Images, of which training rows are read.
        space: Its batch size is replaced where the user left it open.
        folder: The search's directory.
        ledger: Stores the results as the lines `measured` and `speed`.
        job: Its `execution` may disable this choice.
        verdict: Of the data profile.
        budget_s: Of the job, or of the search alone; None for no limit.
        wants_speed: Whether a budget in seconds is to be divided.
    """
    known = ledger.of(ExecutionMeasured)
    # a search started on a CPU keeps the batch size it was started with
    is_new = not known and not ledger.of(TrialCreated)
    log = folder.parent / "workers.log"
    with outages_explained(SearchError, folder):
        if is_new and job.execution == "auto" and trains_on_gpu(job):
            with lease_pool(job, log) as pool:
                found = _choose(pool, store, space, folder, job, verdict, budget_s)
            ledger.append(ExecutionMeasured(**found.model_dump()))
            known = ledger.of(ExecutionMeasured)
            logger.info(
                "Measured on this GPU, images per second: %s", found.images_per_s
            )
        elif is_new and job.execution == "auto" and computes_bfloat16(job):
            batch = space.anchors[0].recipe.batch_size
            ledger.append(ExecutionMeasured(execution=HALF, batch_size=batch))
            known = ledger.of(ExecutionMeasured)
            logger.info("This CPU multiplies in bfloat16; networks train in it.")
        execution = PLAIN
        if known:
            execution = execution_here(known[0].execution, job)
            if space.batch_size_open and known[0].images_per_s:
                space = with_batch_size(space, known[0].batch_size)
        timed = ledger.of(SpeedMeasured)
        speed = timed[0].speed if timed else None
        if speed is None and wants_speed:
            with lease_pool(job, log) as pool:
                task = _task(store, space, job, verdict)
                task = task.model_copy(update={"execution": execution})
                speed = _time_steps(pool, task, store, folder)
            ledger.append(SpeedMeasured(**vars(speed)))
            logger.info(
                "Candidate 0 (%s) takes %.1f s an epoch here, on each of %d workers.",
                space.anchors[0].describe(),
                speed.epoch_s,
                speed.workers,
            )
    return MeasuredSpace(space, execution, speed)


def _task(
    store: ImageStore, space: SearchSpace, job: JobOptions, verdict: Verdict
) -> Task:
    task = Conditions(store, verdict, job).task(
        "probe", space.anchors[0], rows="search", epochs=1, seed=0
    )
    return task.model_copy(update={"probe_steps": PROBE_STEPS})


def _time_steps(
    pool: WorkerPool, task: Task, store: ImageStore, folder: Path
) -> MachineSpeed:
    """Time candidate 0 on all workers at once, as in training."""
    tasks = [
        task.model_copy(update={"task_id": f"probe-{number}"})
        for number in range(pool.size)
    ]
    ran = run_tasks(
        pool, tasks, journal=folder / "speed.jsonl", fingerprint=store.fingerprint
    )
    done = [o for o in ran.outcomes.values() if o.status == "completed"]
    if not done:
        raise SearchError(
            "candidate 0 could not be trained for a few steps",
            received=next(iter(ran.outcomes.values())).reason,
            allowed="a network that trains on this machine",
            remedy="Mend the cause; workers.log in the workspace may say more",
        )
    n_train = len(store.rows("train"))
    steps = max(1, n_train // task.architecture.recipe.batch_size)
    step_s = median(outcome.seconds["train"] for outcome in done) / PROBE_STEPS
    return MachineSpeed(
        start_s=median(_start_s(outcome) for outcome in done),
        epoch_s=step_s * steps,
        steps_per_epoch=steps,
        workers=pool.size,
    )


def _start_s(outcome: Outcome) -> float:
    """Return the seconds a worker took to import TensorFlow.

    A worker that ran before, as after the probes of a GPU, imports nothing; the finish
    of the job starts new processes all the same.
    """
    return outcome.seconds.get("import", 0.0) or WARM_START_S


def _choose(
    pool: WorkerPool,
    store: ImageStore,
    space: SearchSpace,
    folder: Path,
    job: JobOptions,
    verdict: Verdict,
    budget_s: float | None,
) -> Measured:
    """Return the fastest execution of candidate 0 on this GPU."""
    deadline = None if budget_s is None else time.monotonic() + SHARE * budget_s
    return probe(
        pool,
        _task(store, space, job, verdict),
        journal=folder / "probes.jsonl",
        fingerprint=store.fingerprint,
        n_train=len(store.rows("train")),
        batch_may_grow=space.batch_size_open,
        deadline=deadline,
    )
