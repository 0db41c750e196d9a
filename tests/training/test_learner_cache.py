"""Folds of one network share its compiled graphs, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kedro_nas.space.architecture import Architecture
from kedro_nas.training.learner_cache import MAX_CACHED, LearnerCache
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.unit import Unit

MakeTask = Callable[..., Task]


@pytest.fixture
def make_fold(make_task: MakeTask) -> MakeTask:
    """Make a fold of two epochs; its seed differs from fold to fold."""

    def make(fold: int, **changes: Any) -> Task:
        fields = {"checkpoint": None, "epochs": 2, "schedule_epochs": 2, "seed": fold}
        return make_task(rows=f"fold:0:{fold}", **{**fields, **changes})

    return make


def run(task: Task, spares: LearnerCache | None) -> tuple[Unit, Outcome]:
    """Run a fold; its learner is kept as a worker keeps it."""
    unit = Unit(
        task, learner=None, deadline=None, on_epoch=lambda _: None, fold_learners=spares
    )
    outcome = unit.run()
    if spares is not None:
        spares.keep(task, unit.fingerprint, unit.learner)
    return unit, outcome


def test_spare_learner_gives_the_bits_of_a_new_one(make_fold: MakeTask) -> None:
    """The second fold on the first one's graphs: same losses, scores and state."""
    weights = tuple(np.linspace(0.5, 1.5, 10).tolist())
    spares = LearnerCache()
    first, _ = run(make_fold(0, class_weights=weights), spares)
    before = first.learner.model.get_layer("normalisation").scale
    second, kept = run(make_fold(1, class_weights=weights), spares)
    alone, new = run(make_fold(1, class_weights=weights), None)

    assert second.learner is first.learner
    assert alone.learner is not first.learner
    assert [e.train_loss for e in kept.history] == [e.train_loss for e in new.history]
    assert kept.fold_scores == new.fold_scores
    for mine, other in zip(
        second.learner.state().values(), alone.learner.state().values(), strict=True
    ):
        np.testing.assert_array_equal(mine, other)
    scale = second.learner.model.get_layer("normalisation").scale
    assert scale == alone.learner.model.get_layer("normalisation").scale != before


def test_spare_learner_is_not_traced_again(make_fold: MakeTask) -> None:
    """Only the first fold has a first step that is optimised or compiled."""
    spares = LearnerCache()
    _, first = run(make_fold(0), spares)
    _, second = run(make_fold(1), spares)

    assert first.history[0].seconds_first_step > 0
    assert first.history[1].seconds_first_step == 0
    assert second.history[0].seconds_first_step == 0


@pytest.mark.parametrize(
    "changes",
    [{"bn_momentum": 0.5}, {"class_weights": (1.0,) * 10}, {"max_resident_mb": 0}],
)
def test_spares_do_not_suit_what_is_traced_otherwise(
    make_fold: MakeTask, changes: dict[str, Any]
) -> None:
    """What is a constant of the graphs has to be the same; rows and seeds need not."""
    spares = LearnerCache()
    spares.keep(make_fold(0), "x", "learner")

    assert spares.take(make_fold(1, **changes), "x") is None
    assert spares.take(make_fold(1), "other images") is None
    assert spares.take(make_fold(1, epochs=9, seed=5), "x") == "learner"
    assert spares.take(make_fold(1), "x") is None


def test_spares_are_few(make_fold: MakeTask, small_architecture: Architecture) -> None:
    """Graphs take memory: the oldest leave, and all of them after the ranking."""
    spares = LearnerCache()
    tasks = []
    for batch in range(1, MAX_CACHED + 2):
        recipe = small_architecture.recipe.model_copy(update={"batch_size": batch})
        one = small_architecture.model_copy(update={"recipe": recipe})
        tasks.append(make_fold(0, architecture=one))
        spares.keep(tasks[-1], "x", batch)

    assert spares.take(tasks[0], "x") is None
    assert spares.take(tasks[1], "x") == 2
    spares.clear()
    assert spares.take(tasks[2], "x") is None
