"""What names a task's result, and what its weights descend from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Task


@pytest.fixture
def task(small_architecture: Architecture) -> Task:
    """Give the second rung of a candidate."""
    return Task(
        task_id="candidate",
        architecture=small_architecture,
        store="store",
        rows="search",
        epoch_start=1,
        epochs=3,
        schedule_epochs=9,
        seed=0,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch_start": 0, "epochs": 1, "validation_share": 0.5},
        {"store": "elsewhere", "checkpoint": "c.npz", "parent": "p.npz"},
        {"max_resident_mb": 1, "patience": 2},
    ],
)
def test_task_lineage_is_shared_by_all_rungs_of_a_candidate(
    task: Task, changes: dict[str, Any]
) -> None:
    """A promoted candidate goes on from the rung below, wherever its files lie."""
    assert task.model_copy(update=changes).lineage("x") == task.lineage("x")


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"rows": "dev"},
        {"schedule_epochs": 18},
        {"bn_momentum": 0.5},
        {"class_weights": (1.0,) * 10},
        {"threads": 2},
        {"train_s": 60.0},
    ],
)
def test_task_lineage_differs_where_the_weights_would(
    task: Task, small_architecture: Architecture, changes: dict[str, Any]
) -> None:
    """Another seed, other rows, another schedule: none of it may be continued."""
    other = small_architecture.with_recipe(learning_rate=1e-4)

    assert task.model_copy(update=changes).lineage("x") != task.lineage("x")
    assert task.lineage("other images") != task.lineage("x")
    assert task.model_copy(update={"architecture": other}).lineage("x") != task.lineage(
        "x"
    )


def test_task_digest_knows_epochs_and_batch_but_no_memory(task: Task) -> None:
    """What changes the result is another result; a smaller memory is the same one."""
    assert task.model_copy(update={"epochs": 4}).digest("x") != task.digest("x")
    assert task.with_half_batch("x").digest("x") != task.digest("x")
    assert task.model_copy(update={"max_resident_mb": 1}).digest("x") == task.digest(
        "x"
    )


def test_task_with_half_batch_writes_files_of_its_own(
    task: Task, tmp_path: Path
) -> None:
    """The model of another batch is another model; the weights may be continued."""
    placed = task.with_files(tmp_path, "x")
    half = placed.with_half_batch("x")

    assert half.architecture.recipe.batch_size == 16
    assert half.lineage("x") == placed.lineage("x")
    assert {half.model_file, half.checkpoint}.isdisjoint(
        {placed.model_file, placed.checkpoint}
    )
    assert placed.digest("x") in str(placed.model_file)
    assert half.digest("x") in str(half.checkpoint)
    assert task.with_half_batch("x").model_file is None
