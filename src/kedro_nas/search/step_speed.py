"""Measures the machine once per search, before its first trial."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from kedro_nas.space.costs import count_macs
from kedro_nas.space.proven import proven_networks
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
# Seconds do not grow in proportion to multiply-adds: in bfloat16 with AMX a network of
# 4.3 times as many takes 2.7 times as long, an exponent of 0.67. So a wider network is
# timed as well, where the budget may afford one.
TIMES_MACS = 5.0  # of candidate 0, at most, in the wider network
LEAST_TRAININGS = 3.0  # full trainings of candidate 0 that the budget affords
EXPONENTS = (0.5, 1.1)  # further off is a disturbed measurement

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


def measuring_s(ledger: Ledger) -> float:
    """Return the wall seconds of the search until its speed was measured, else 0."""
    return max((line.t for line in ledger.of(SpeedMeasured)), default=0.0)


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
                wider = _wider_task(task, space, speed, budget_s)
                if wider is not None:
                    journal = folder / "wider_speed.jsonl"
                    timed_wider = _probe_all(pool, wider, journal, store.fingerprint)
                    speed = _with_exponent(speed, task, wider, timed_wider)
            ledger.append(SpeedMeasured(**vars(speed)))
            logger.info(
                "Candidate 0 (%s) takes %.2f s an epoch here, on each of %d workers; "
                "seconds grow with multiply-adds to the power of %.2f.",
                space.anchors[0].describe(),
                speed.epoch_s,
                speed.workers,
                speed.cost_exponent,
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
    outcomes = _probe_all(pool, task, folder / "speed.jsonl", store.fingerprint)
    done = [one for one in outcomes if one.status == "completed"]
    if not done:
        raise SearchError(
            "candidate 0 could not be trained for a few steps",
            received=outcomes[0].reason,
            allowed="a network that trains on this machine",
            remedy="Mend the cause; workers.log in the workspace may say more",
        )
    n_train = len(store.rows("train"))
    steps = max(1, n_train // task.architecture.recipe.batch_size)
    return MachineSpeed(
        start_s=median(_start_s(outcome) for outcome in done),
        epoch_s=_step_s(done) * steps,
        steps_per_epoch=steps,
        workers=pool.size,
    )


def _probe_all(
    pool: WorkerPool, task: Task, journal: Path, fingerprint: str
) -> list[Outcome]:
    """Train a network for a few steps on each worker, all at once."""
    tasks = [
        task.model_copy(update={"task_id": f"{task.task_id}-{number}"})
        for number in range(pool.size)
    ]
    ran = run_tasks(pool, tasks, journal=journal, fingerprint=fingerprint)
    return list(ran.outcomes.values())


def _step_s(done: Sequence[Outcome]) -> float:
    return median(outcome.seconds["train"] for outcome in done) / PROBE_STEPS


def _wider_task(
    task: Task, space: SearchSpace, speed: MachineSpeed, budget_s: float | None
) -> Task | None:
    """Return the probe of a wider network, None where it would not pay.

    Args:
        task: The probe of candidate 0.
        space: Has the widths.
        speed: By candidate 0.
        budget_s: Of the job; short ones afford no wider network.
    """
    if budget_s is None or budget_s < LEAST_TRAININGS * speed.full_training_s:
        return None
    limit = TIMES_MACS * count_macs(space.anchors[0])
    wider = proven_networks(space, limit)[0]
    if wider.network_key == space.anchors[0].network_key:
        return None
    recipe = task.architecture.recipe
    return task.model_copy(
        update={
            "task_id": "probe-wide",
            "architecture": wider.model_copy(update={"recipe": recipe}),
        }
    )


def _with_exponent(
    speed: MachineSpeed, task: Task, wider: Task, outcomes: Sequence[Outcome]
) -> MachineSpeed:
    """Return the speed with the exponent of multiply-adds in the seconds of a step."""
    done = [one for one in outcomes if one.status == "completed"]
    if not done:
        logger.warning("A wider network was not timed: %s", outcomes[0].reason)
        return speed
    n_times = count_macs(wider.architecture) / count_macs(task.architecture)
    step_s = speed.epoch_s / speed.steps_per_epoch
    exponent = math.log(_step_s(done) / step_s) / math.log(n_times)
    low, high = EXPONENTS
    return replace(speed, cost_exponent=min(high, max(low, exponent)))


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
