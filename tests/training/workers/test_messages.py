"""What passes between pool and worker arrives as it was sent."""

from __future__ import annotations

import math

import pytest

from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.messages import (
    TaskMessage,
    WorkerMessage,
    parse_worker_message,
)

EPOCH = Epoch(epoch=1, train_loss=2.5, learning_rate=0.1, seconds_train=3)


@pytest.mark.parametrize(
    "message",
    [
        WorkerMessage(event="ready"),
        WorkerMessage(event="epoch", task_id="a", epoch=EPOCH),
        WorkerMessage(
            event="end",
            task_id="a",
            outcome=Outcome(status="completed", history=[EPOCH], score=0.5),
        ),
    ],
)
def test_worker_message_survives_its_line(message: WorkerMessage) -> None:
    """What a worker writes is what the pool reads."""
    line = message.to_line()

    assert line.count("\n") == 1
    assert parse_worker_message(line) == message


def test_worker_message_of_a_diverged_epoch_keeps_its_nan() -> None:
    """A loss that is not a number is reported as such, not as null."""
    epoch = EPOCH.model_copy(update={"train_loss": float("nan")})
    line = WorkerMessage(event="epoch", task_id="a", epoch=epoch).to_line()
    read = parse_worker_message(line)

    assert read is not None
    assert read.epoch is not None
    assert math.isnan(read.epoch.train_loss)


@pytest.mark.parametrize("line", ["hello", "null", "7", '{"event": "x"}', "[]", ""])
def test_parse_worker_message_of_other_output_is_none(line: str) -> None:
    """What start-up hooks print is no message."""
    assert parse_worker_message(line) is None


def test_task_message_survives_its_line(small_architecture: Architecture) -> None:
    """The worker trains the task that was submitted."""
    task = Task(
        task_id="a",
        architecture=small_architecture,
        store="store",
        rows="search",
        epochs=2,
        schedule_epochs=2,
        seed=0,
    )
    message = TaskMessage(task=task, ends_at=12.5)

    assert TaskMessage.model_validate_json(message.to_line()) == message
