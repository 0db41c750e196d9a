"""What names a task's result, and what its weights descend from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kedro_nas.space.architecture import Architecture
from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Epoch, Outcome, Task


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


@pytest.mark.parametrize("rows", ["test", "fold:0", "fold:a:0", "val", ""])
def test_task_on_rows_that_are_none_of_training_is_refused(
    task: Task, rows: str
) -> None:
    """No task can be made that trains on test images."""
    with pytest.raises(ValidationError, match="rows"):
        Task.model_validate({**task.model_dump(), "rows": rows})


def test_task_travels_as_json_without_loss(task: Task) -> None:
    """Another process trains what this one asked for, and knows the same names."""
    read = Task.model_validate_json(task.model_dump_json())

    assert read == task
    assert (read.digest("x"), read.lineage("x")) == (
        task.digest("x"),
        task.lineage("x"),
    )


def test_task_digest_is_that_of_the_data_too(task: Task) -> None:
    """The outcome on other images is not found in the journal, wherever they lie."""
    moved = task.model_copy(update={"store": "elsewhere", "task_id": "other"})

    assert task.digest("other images") != task.digest("x")
    assert moved.digest("x") == task.digest("x")


def test_epoch_objective_is_the_score_of_that_name() -> None:
    """Accuracy and balanced accuracy have fields, any other objective has its own."""
    both = Epoch(
        epoch=1,
        train_loss=1.0,
        learning_rate=0.1,
        seconds_train=1.0,
        val_accuracy=0.9,
        val_balanced_accuracy=0.6,
    )
    other = both.model_copy(update={"val_objective_score": 0.3})

    assert both.objective("accuracy") == 0.9
    assert both.objective("balanced_accuracy") == 0.6
    assert both.objective("macro_f1") is None
    assert other.objective("macro_f1") == 0.3


def test_epoch_objective_of_a_task_without_validation_is_none() -> None:
    """A final training has no validation images, and so no score."""
    epoch = Epoch(epoch=1, train_loss=1.0, learning_rate=0.1, seconds_train=1.0)

    assert epoch.objective("accuracy") is None


def test_outcome_of_an_outage_is_no_failure_of_the_task() -> None:
    """The driver raises it again as the system's error, with its number and path."""
    outage = Outage(message="No space left", path="/store", errno=28)
    outcome = Outcome.of_outage(outage)

    assert (outcome.status, outcome.reason) == ("outage", "No space left")
    assert outcome.outage is outage
    assert outcome.score is None
