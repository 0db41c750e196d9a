"""Finds how a GPU runs a network's steps fastest, by timing a few of them.

With small networks a GPU mostly waits for its next kernel: larger batches and compiled
steps can be several times as fast, or slower, depending on the card.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kedro_nas.records.search import Execution
from kedro_nas.training.execution import PLAIN
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.worker_pool import WorkerPool

GAIN = 1.1  # a smaller gain is within the noise of a probe
DOUBLING = 1.4  # a batch twice as large halves the updates per epoch
MAX_BATCH = 512
MIN_STEPS = 50  # minimum of steps per epoch
PROBE_STEPS = 30

Rate = Callable[[int, Execution], "float | None"]


class Measured(BaseModel):
    """Results of the probes.

    Attributes:
        execution: Compilation and precision of the steps.
        batch_size: Images per gradient step.
        images_per_s: Speed of each probe, in the order of the probes; null where it
            failed or ran out of time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    execution: Execution = PLAIN
    batch_size: int
    images_per_s: dict[str, float | None] = {}


def choose_execution(
    rate: Rate, *, batch_size: int, n_train: int, batch_may_grow: bool
) -> Measured:
    """Try XLA, larger batches and half precision in turn, and keep what is faster.

    Args:
        rate: Returns images per second for a batch size and an execution; None when the
            combination fails.
        batch_size: To start from.
        n_train: Training images.
        batch_may_grow: Whether the batch size may be increased.
    """
    found: dict[str, float | None] = {}

    def gains(batch: int, execution: Execution, than: float, times: float) -> float:
        """Return the rate if it is at least `times` that of `than`, else 0."""
        got = found[_name(batch, execution)] = rate(batch, execution)
        return got if got is not None and got >= than * times else 0.0

    execution, batch = PLAIN, batch_size
    best = gains(batch, execution, 0.0, 1.0)
    if best:
        compiled = PLAIN.model_copy(update={"jit_compile": True})
        if faster := gains(batch, compiled, best, GAIN):
            best, execution = faster, compiled
        largest = min(MAX_BATCH, n_train // MIN_STEPS) if batch_may_grow else batch
        while 2 * batch <= largest:
            faster = gains(2 * batch, execution, best, DOUBLING)
            if not faster:
                break
            best, batch = faster, 2 * batch
        half = execution.model_copy(update={"precision": "mixed_bfloat16"})
        if gains(batch, half, best, GAIN):
            execution = half
    return Measured(execution=execution, batch_size=batch, images_per_s=found)


def probe(
    pool: WorkerPool,
    task: Task,
    *,
    journal: Path,
    fingerprint: str,
    n_train: int,
    batch_may_grow: bool,
    deadline: float | None,
) -> Measured:
    """Run the probes as tasks on the pool's first worker.

    Args:
        pool: Free workers.
        task: Of candidate 0; its own execution and epochs are ignored.
        journal: Keeps the measurements, so that a search killed during the probes can
            resume.
        fingerprint: Of the image store.
        n_train: Training images.
        batch_may_grow: Whether the batch size may be increased.
        deadline: On `time.monotonic`'s clock; a probe not finished by then is ignored.
    """

    def rate(batch: int, execution: Execution) -> float | None:
        changes = {
            "task_id": f"probe: {_name(batch, execution)}",
            "architecture": task.architecture.with_recipe(batch_size=batch),
            "execution": execution,
            "probe_steps": PROBE_STEPS,
        }
        one = task.model_copy(update=changes)
        ran = run_tasks(
            pool, [one], journal=journal, fingerprint=fingerprint, deadline=deadline
        )
        outcome = ran.outcomes[one.task_id]
        if outcome.status != "completed" or not outcome.seconds["train"]:
            return None
        return batch * PROBE_STEPS / outcome.seconds["train"]

    return choose_execution(
        rate,
        batch_size=task.architecture.recipe.batch_size,
        n_train=n_train,
        batch_may_grow=batch_may_grow,
    )


def _name(batch: int, execution: Execution) -> str:
    xla = ", XLA" if execution.jit_compile else ""
    return f"batch {batch}, {execution.precision}{xla}"
