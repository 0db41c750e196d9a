"""Finds how a GPU runs a network's steps fastest, by timing a few of them.

Small networks leave a GPU waiting for its next kernel: larger batches and compiled
steps can be several times as fast, or slower, and which it is depends on the card.
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

GAIN = 1.1  # a smaller one is within the noise of a probe
DOUBLING = 1.4  # a batch twice as large makes half as many updates of an epoch
MAX_BATCH = 512
MIN_STEPS = 50  # an epoch keeps at least so many
PROBE_STEPS = 30

Rate = Callable[[int, Execution], "float | None"]


class Measured(BaseModel):
    """What the probes found.

    Attributes:
        execution: Compilation and precision of the steps.
        batch_size: Images per gradient step.
        images_per_s: What each probe gave, in the order of the probes; null where it
            failed or the time was up.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    execution: Execution = PLAIN
    batch_size: int
    images_per_s: dict[str, float | None] = {}


def choose_execution(
    rate: Rate, *, batch_size: int, n_train: int, batch_may_grow: bool
) -> Measured:
    """Climb from plain steps to what pays: XLA, larger batches, half precision.

    Args:
        rate: Gives images per second of a batch size and an execution; None when it
            does not work.
        batch_size: To start from.
        n_train: Training images.
        batch_may_grow: Whether the batch size is open.
    """
    found: dict[str, float | None] = {}

    def gains(batch: int, execution: Execution, than: float, times: float) -> float:
        """Return the rate if it is so many times another, else 0."""
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
        task: Of candidate 0; its own execution and epochs do not count.
        journal: Keeps what is measured; a search killed among the probes goes on.
        fingerprint: Of the image store.
        n_train: Training images.
        batch_may_grow: Whether the batch size is open.
        deadline: On `time.monotonic`'s clock; a probe not done by then does not count.
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
