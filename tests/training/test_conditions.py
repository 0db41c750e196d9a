"""What the tasks of a stage share."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.conditions import Conditions


class _Store:
    path = "store"


@pytest.mark.parametrize("asked", ["auto", "accuracy", "balanced_accuracy"])
def test_task_follows_the_verdict_the_job_and_the_execution(
    small_architecture: Architecture, asked: Any
) -> None:
    """A task carries what the profile, the options and the machine decide."""
    verdict = Verdict(
        n_train=9, n_folds=2, n_repeats=1, class_weights=(1.0, 2.0), bn_momentum=0.5
    )
    job = JobOptions(objective=asked, threads_per_worker=3, max_resident_mb=64)
    compiled = Execution(jit_compile=True)
    store: Any = _Store()

    task = Conditions(store, verdict, job, compiled).task(
        "one", small_architecture, rows="dev", epochs=4, seed=7
    )

    assert task.objective == verdict.objective_of(asked)
    assert (task.class_weights, task.bn_momentum) == ((1.0, 2.0), 0.5)
    assert (task.threads, task.max_resident_mb) == (3, 64)
    assert (task.execution, task.store) == (compiled, "store")
    assert (task.rows, task.seed) == ("dev", 7)
    assert task.epochs == task.schedule_epochs == 4
