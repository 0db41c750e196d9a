"""What the driver knows of one worker of a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable

from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.ray_slots import Assignment, Slot
from kedro_nas.training.workers.ray_worker import WorkerPlace

PLACE = WorkerPlace(
    host="a",
    node_id="1",
    process_ids=(1, 2),
    shares_workspace=True,
    shares_machine=False,
)


def test_slot_is_free_once_it_has_started_and_while_it_has_no_task(
    make_task: Callable[..., Task],
) -> None:
    """A worker that waits for a node takes no task from one that is ready."""
    slot = Slot(0, actor=None, pending="describe", since=0.0)
    starting = slot.is_free, slot.is_ready
    slot.place = PLACE
    slot.rest()
    idle = slot.is_free, slot.is_ready
    slot.assignment = Assignment(make_task(), None)
    slot.call("report", "training")

    assert starting == (False, False)
    assert idle == (True, True)
    assert (slot.is_free, slot.is_ready, slot.pending) == (False, True, "report")


def test_assignment_counts_down_to_its_deadline_and_not_below(
    make_task: Callable[..., Task],
) -> None:
    """A copy that starts later has the rest of the time."""
    now = time.monotonic()

    assert Assignment(make_task(), None).remaining_s is None
    assert Assignment(make_task(), now - 5).remaining_s == 0.0
    assert 0 < (Assignment(make_task(), now + 60).remaining_s or 0.0) <= 60
