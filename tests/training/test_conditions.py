"""What the tasks of a stage share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.conditions import Conditions


class _Store:
    path = "store"
    class_names = ("rose", "tulip")
    labels = np.array([0] * 9 + [1])

    def rows(self, split: str) -> np.ndarray:
        assert split == "dev"
        return np.arange(10)


@pytest.mark.parametrize("asked", ["auto", "accuracy", "balanced_accuracy"])
def test_task_follows_the_verdict_the_job_and_the_execution(
    small_architecture: Architecture, asked: Any
) -> None:
    """A task carries what the profile, the options and the machine decide."""
    verdict = Verdict(
        n_train=9, n_folds=2, n_repeats=1, class_weights=(1.0, 2.0), bn_momentum=0.5
    )
    job = JobOptions(objective=asked, threads_per_worker=3, max_resident_mb=64)
    compiled = Execution(jit_compile=True)
    store: Any = _Store()

    task = Conditions(store, verdict, job, compiled).task(
        "one", small_architecture, rows="dev", epochs=4, seed=7
    )

    assert task.objective == verdict.objective_of(asked)
    assert (task.class_weights, task.bn_momentum) == ((1.0, 2.0), 0.5)
    assert (task.threads, task.max_resident_mb) == (3, 64)
    assert (task.execution, task.store) == (compiled, "store")
    assert (task.rows, task.seed) == ("dev", 7)
    assert task.epochs == task.schedule_epochs == 4


WEIGHED = Verdict(n_train=9, n_folds=2, n_repeats=1, class_weights=(1.0, 2.0))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (1.0, 2.0)),
        ({"class_weights": "none"}, None),
        ({"class_weights": "balanced"}, (0.5556, 5.0)),
        ({"class_weights": {"tulip": 3}}, (1.0, 3.0)),
        ({"sampling": "balanced"}, None),
        ({"sampling": "balanced", "class_weights": "balanced"}, (0.5556, 5.0)),
    ],
)
def test_task_class_weights_are_chosen_or_given(
    small_architecture: Architecture, options: Any, expected: Any
) -> None:
    """The profile's weights are left out where rare classes are drawn more often."""
    store: Any = _Store()
    conditions = Conditions(store, WEIGHED, JobOptions(**options))

    task = conditions.task("one", small_architecture, rows="dev", epochs=4, seed=7)

    assert task.class_weights == expected
    assert task.sampling == options.get("sampling", "as_is")


def test_task_recall_floors_are_by_class_id(small_architecture: Architecture) -> None:
    """Floors are given by name; classes without one have none to keep."""
    store: Any = _Store()
    job = JobOptions(recall_floors={"tulip": 0.9})

    task = Conditions(store, WEIGHED, job).task(
        "one", small_architecture, rows="dev", epochs=4, seed=7
    )

    assert task.recall_floors == (0.0, 0.9)


@pytest.mark.parametrize("option", ["class_weights", "recall_floors"])
def test_task_of_a_misspelt_class_names_those_there_are(
    small_architecture: Architecture, option: str
) -> None:
    """A weight or floor of a class that is not there would be passed over."""
    store: Any = _Store()
    job = JobOptions.model_validate({option: {"tullip": 0.5}})

    with pytest.raises(ParameterError, match=f"{option} names.*Allowed: rose, tulip"):
        Conditions(store, WEIGHED, job).task(
            "one", small_architecture, rows="dev", epochs=4, seed=7
        )
