"""What tests of training share: tasks that no worker trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Task


@pytest.fixture
def make_tasks(small_architecture: Architecture) -> Callable[..., list[Task]]:
    """Make so many tasks, folds or final fits."""

    def make(count: int, **changes: Any) -> list[Task]:
        return [
            Task(
                task_id=f"task-{number}",
                architecture=small_architecture,
                store="",
                rows="fold:0:0",
                epochs=1,
                schedule_epochs=1,
                seed=number,
                **changes,
            )
            for number in range(count)
        ]

    return make
