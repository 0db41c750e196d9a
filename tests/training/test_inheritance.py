"""A task with an ancestor starts with its function, and says if it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.errors import TrainingError
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Ancestor, Task
from kedro_nas.training.unit import Unit

MakeTask = Callable[..., Task]


def _wider(architecture: Architecture) -> Architecture:
    stage = architecture.stages[0].model_copy(update={"width": 24})
    return architecture.model_copy(update={"stages": (stage,)})


def _unit(task: Task) -> Unit:
    return Unit(task, learner=None, deadline=None, on_epoch=lambda _: None)


def _ancestor(task: Task, **changes: Any) -> Ancestor:
    return Ancestor(
        task_id=task.task_id,
        architecture=task.architecture,
        epochs=task.epochs,
        checkpoint=task.checkpoint or "",
        **changes,
    )


def test_task_starts_with_the_function_of_its_ancestor(
    make_task: MakeTask, tmp_path: Path
) -> None:
    """The grown network predicts what the smaller one does; then it trains and ends."""
    task = make_task(epochs=2)
    before = _unit(task)
    before.run()
    grown = make_task(
        task_id="grown",
        architecture=_wider(task.architecture),
        checkpoint=str(tmp_path / "grown.npz"),
        ancestor=_ancestor(task),
    )
    unit = _unit(grown)
    rows = np.arange(40, dtype=np.int32)

    np.testing.assert_allclose(
        unit.learner.predict(rows), before.learner.predict(rows), atol=1e-4
    )
    outcome = unit.run()
    assert outcome.status == "completed"
    assert len(outcome.history) == grown.epochs
    # its own checkpoint needs the ancestor's no more
    Path(task.checkpoint or "").unlink()
    assert _unit(grown).run().history == outcome.history


def test_task_whose_ancestor_is_gone_says_so(make_task: MakeTask) -> None:
    """Fresh weights are not passed off as inherited ones."""
    task = make_task()
    ancestor = _ancestor(task)

    with pytest.raises(TrainingError, match="inherit from trial task are gone"):
        _unit(make_task(architecture=_wider(task.architecture), ancestor=ancestor))


def test_ancestor_is_part_of_what_a_task_is(make_task: MakeTask) -> None:
    """Another ancestor is another result; another place of its file is not."""
    task = make_task()
    grown = make_task(ancestor=_ancestor(task))
    moved = make_task(
        ancestor=_ancestor(task).model_copy(update={"checkpoint": "/elsewhere.npz"})
    )
    twice = make_task(ancestor=_ancestor(task, ancestor=_ancestor(task)))

    for name in (Task.digest, Task.lineage):
        assert name(grown, "f") == name(moved, "f")
        assert len({name(one, "f") for one in (task, grown, twice)}) == 3
