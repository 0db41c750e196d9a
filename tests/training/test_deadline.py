"""Which tasks are begun though the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from kedro_nas.training.deadline import Deadline
from kedro_nas.training.tasks import Task

MakeTask = Callable[..., Task]


def test_deadline_grants_what_is_left_but_not_to_the_excused(
    make_task: MakeTask,
) -> None:
    """Seconds count down; the excused, and all without a deadline, have no limit."""
    soon = Deadline(time.monotonic() + 50, frozenset({"free"}))

    assert soon.remaining_s(make_task()) == pytest.approx(50, abs=5)
    assert soon.remaining_s(make_task(task_id="free")) is None
    assert Deadline(None).remaining_s(make_task()) is None
    assert not soon.is_over()
    assert not Deadline(None).is_over()
    assert Deadline(time.monotonic() - 1).is_over()


def test_deadline_over_still_lets_one_task_give_a_model(make_task: MakeTask) -> None:
    """Of the late tasks only the first that writes a model of its network is begun."""
    models = [make_task(task_id=f"m{i}", model_file="m.keras") for i in range(2)]
    score, free = make_task(task_id="score"), make_task(task_id="free")
    waiting = [*models, score, free]
    over = Deadline(time.monotonic() - 1, frozenset({"free"}))

    assert [t.task_id for t in over.too_late(waiting, [])] == ["m1", "score"]
    assert [t.task_id for t in over.too_late(waiting, [free])] == ["m0", "m1", "score"]
    assert Deadline(None).too_late(waiting, []) == []
