"""A fold of the cross-validation loses an epoch with its worker, and no more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.unit import Unit

pytestmark = pytest.mark.slow

MakeTask = Callable[..., Task]


def _run(task: Task, on_epoch: Callable[[Epoch], object] = lambda _: None) -> Outcome:
    return Unit(task, learner=None, deadline=None, on_epoch=on_epoch).run()


def test_unit_fold_goes_on_from_the_epoch_of_its_lost_worker(
    make_task: MakeTask, tmp_path: Path
) -> None:
    """A fold killed after its first epoch trains the others only, to the same end."""
    fold = partial(make_task, rows="fold:0:2", epochs=3)
    expected = _run(fold(checkpoint=None))
    task = fold(checkpoint=str(tmp_path / "fold.npz"))

    def killed(_: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(task, killed)
    epochs: list[Epoch] = []
    outcome = _run(task, epochs.append)

    assert [one.epoch for one in epochs] == [2, 3]
    assert outcome.fold_scores == expected.fold_scores
    assert [one.train_loss for one in outcome.history] == [
        one.train_loss for one in expected.history
    ]
