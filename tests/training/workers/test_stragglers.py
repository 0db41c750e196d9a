"""A second copy is started of what takes several times as long as its equals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.stragglers import Stragglers

MakeTask = Callable[..., Task]


def _after_three(make_task: MakeTask, factor: float | None) -> Stragglers:
    """Return durations of three tasks of 2 epochs that took 20, 30 and 40 s."""
    made = Stragglers(factor)
    for number, seconds in enumerate((20, 30, 40)):
        made.started(make_task(task_id=f"{number}", epochs=2), 0.0)
        made.ended(f"{number}", seconds, counts=True)
    return made


def test_late_task_has_run_for_the_factor_times_the_median(make_task: MakeTask) -> None:
    """The median of tasks of as many epochs is 30 s, so three times is 90 s."""
    made = _after_three(make_task, 3)
    made.started(make_task(task_id="slow", epochs=2), 100.0)
    made.started(make_task(task_id="longer", epochs=9), 100.0)

    assert made.late(189.0) == []
    assert made.late(191.0) == ["slow"]


def test_late_is_nothing_without_a_factor_or_enough_ended_tasks(
    make_task: MakeTask,
) -> None:
    """Null never copies, and two durations make no median to trust."""
    never = _after_three(make_task, None)
    never.started(make_task(task_id="slow", epochs=2), 0.0)
    few = Stragglers(3)
    few.started(make_task(task_id="slow", epochs=2), 0.0)

    assert never.late(10_000.0) == []
    assert few.late(10_000.0) == []


@pytest.mark.parametrize("counts", [True, False])
def test_ended_task_is_late_no_more_and_counts_only_if_it_ran_to_its_end(
    make_task: MakeTask, *, counts: bool
) -> None:
    """A task that was lost after a second does not shorten the median."""
    made = _after_three(make_task, 3)
    for number in range(4):
        made.started(make_task(task_id=f"short {number}", epochs=2), 0.0)
        made.ended(f"short {number}", 1.0, counts=counts)
    made.started(make_task(task_id="now", epochs=2), 0.0)

    assert made.late(50.0) == (["now"] if counts else [])
