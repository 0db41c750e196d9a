"""What passes between a pool and its worker processes, a line of JSON each."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kedro_nas.training.tasks import Epoch, Outcome, Task


class TaskMessage(BaseModel):
    """A task for a worker.

    Attributes:
        task: What to train.
        ends_at: Unix time at which training has to end, or null. An instant and not a
            duration, as a worker reads the message only when it has started.
        log: File that collects what the worker prints from now on; empty to go on with
            the file it has. A pool that goes on with another search has another log.
    """

    model_config = ConfigDict(frozen=True)

    task: Task
    ends_at: float | None = None
    log: str = ""

    def to_line(self) -> str:
        """Return the message as a line of JSON."""
        return json.dumps(self.model_dump(mode="json")) + "\n"


class WorkerMessage(BaseModel):
    """What a worker reports.

    Attributes:
        event: `ready` (it has started), `begun` (a task), `progress` (it has done some
            work on the task), `epoch` (one more is done), `end` (with the outcome).
        task_id: Of the task; empty for `ready`.
        epoch: For `epoch`.
        outcome: For `end`.
    """

    model_config = ConfigDict(frozen=True)

    event: Literal["ready", "begun", "progress", "epoch", "end"]
    task_id: str = ""
    epoch: Epoch | None = None
    outcome: Outcome | None = None

    def to_line(self) -> str:
        """Return the message as a line of JSON; scores may be `NaN`."""
        return json.dumps(self.model_dump()) + "\n"


def parse_worker_message(line: str) -> WorkerMessage | None:
    """Parse a line of a worker's standard output.

    Returns:
        None when it is no message: start-up hooks of an environment print there too.
    """
    try:
        return WorkerMessage.model_validate(json.loads(line))
    except ValueError:
        return None
