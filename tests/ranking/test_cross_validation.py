"""The folds: the same for all contestants, with what each gave in a table."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.job import JobOptions
from kedro_nas.ranking.cross_validation import (
    SCORES,
    TrainedFolds,
    _whole_folds,
    cross_validate,
)
from kedro_nas.ranking.plan import CrossValidationPlan
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution, Finalist
from kedro_nas.search.ledger_tables import make_finalist
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.work_clock import WorkClock

HALF = Execution(precision="mixed_bfloat16")


def _contestants(architecture: Architecture) -> list[Finalist]:
    other = architecture.with_recipe(learning_rate=1e-3)
    baseline = architecture.with_recipe(batch_size=8)
    return [
        make_finalist(architecture, None, is_baseline=False),
        make_finalist(other, None, is_baseline=False),
        make_finalist(baseline, None, is_baseline=True),
    ]


def _train(
    store: ImageStore,
    contestants: list[Finalist],
    workspace: Path,
    *,
    n_finalists: int = 2,
    limit_s: float | None = None,
    **job: Any,
) -> TrainedFolds:
    plan = CrossValidationPlan(
        n_finalists=n_finalists, n_folds=2, n_repeats=1, epochs=3, expected_s=1.0
    )
    verdict = Verdict(
        n_train=9, n_folds=2, n_repeats=1, bn_momentum=0.8, class_weights=(1.0, 2.0)
    )
    return cross_validate(
        store,
        contestants,
        plan,
        verdict,
        workspace,
        JobOptions(workers=1, **job),
        HALF,
        seed=0,
        limit_s=limit_s,
        clock=WorkClock(workspace / "clock.txt"),
    )


def test_cross_validate_trains_all_contestants_alike_on_each_fold(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Same rows, same seed, same epochs; only the network differs within a fold."""
    contestants = _contestants(small_architecture)
    trained = _train(store, contestants, tmp_path, threads_per_worker=2)
    first, second = pool.tasks[:3], pool.tasks[3:]

    assert [task.rows for task in pool.tasks] == ["fold:0:0"] * 3 + ["fold:0:1"] * 3
    assert [task.architecture.key for task in first] == [c.key for c in contestants]
    assert len({task.seed for task in first}) == len({task.seed for task in second})
    assert {task.seed for task in first}.isdisjoint({task.seed for task in second})
    shared = {"epochs": 3, "schedule_epochs": 3, "threads": 2, "execution": HALF}
    shared |= {"bn_momentum": 0.8, "class_weights": (1.0, 2.0), "parent": None}
    for task in pool.tasks:
        assert {name: getattr(task, name) for name in shared} == shared
    assert len({task.checkpoint for task in pool.tasks}) == 6
    assert trained.contestants == contestants
    assert trained.reasons == []


def test_cross_validate_table_has_a_row_per_contestant_and_fold(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Scores, sizes and seconds of each fold, and what it was scored on."""
    table = _train(store, _contestants(small_architecture), tmp_path).fold_scores

    assert len(table) == 6
    assert set(table["status"]) == {"completed"}
    assert set(table["scored_on"]) == {"folds"}
    assert (table[list(SCORES)] == 0.5).all(axis=None)
    assert set(table["n_train"]) == {6}
    assert set(table["n_held_out"]) == {3}
    assert table["seconds"].tolist() == pytest.approx([0.1] * 6)
    assert table["is_baseline"].tolist() == [False, False, True] * 2


@pytest.mark.usefixtures("pool")
def test_cross_validate_logs_network_and_fold_of_each_training(
    store: ImageStore,
    small_architecture: Architecture,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The network is named as in the report, folds are counted from 1."""
    caplog.set_level(logging.INFO, "kedro_nas.ranking")
    contestants = _contestants(small_architecture)
    _train(store, contestants, tmp_path)

    key = contestants[1].key[:6]
    assert (
        f"cross-validation, training 5 of 6: network {key}, repeat 1, fold 2: 0.5000"
        in caplog.messages
    )


def test_cross_validate_leaves_out_finalists_the_plan_has_no_room_for(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """The best finalists and the baseline stay."""
    contestants = _contestants(small_architecture)
    trained = _train(store, contestants, tmp_path, n_finalists=1)

    assert trained.contestants == [contestants[0], contestants[2]]


def test_cross_validate_again_trains_no_fold_that_is_done(
    pool: Any, store: ImageStore, small_architecture: Architecture, tmp_path: Path
) -> None:
    """Folds are in the journal; reading them counts as the seconds they once took."""
    contestants = _contestants(small_architecture)
    once = _train(store, contestants, tmp_path)
    again = _train(store, contestants, tmp_path)

    assert len(pool.tasks) == 6
    assert again.fold_scores.equals(once.fold_scores)
    assert float((tmp_path / "clock.txt").read_text()) == pytest.approx(6 * 0.1)


def test_cross_validate_out_of_memory_halves_the_batch_of_that_network_only(
    small_memory: Any,
    store: ImageStore,
    small_architecture: Architecture,
    tmp_path: Path,
) -> None:
    """Every fold of the network is trained with the batch that fits; its key stays."""
    contestants = _contestants(small_architecture)[::2]
    trained = _train(store, contestants, tmp_path)
    batches = [task.architecture.recipe.batch_size for task in small_memory.tasks]

    assert batches == [32, 16, 8, 16, 8]
    assert [c.architecture.recipe.batch_size for c in trained.contestants] == [16, 8]
    assert [c.key for c in trained.contestants] == [c.key for c in contestants]
    assert set(trained.fold_scores["key"]) == {c.key for c in contestants}


def test_whole_folds_of_a_cut_one_no_contestant_keeps_it(make_task: Any) -> None:
    """A fold the deadline cut for one contestant counts for none."""
    tasks: list[Task] = [
        make_task(task_id=f"{fold}-{key}", rows=f"fold:0:{fold}")
        for fold in (0, 1)
        for key in "ab"
    ]
    outcomes = {
        task.task_id: Outcome(status="completed", fold_scores={"accuracy": 0.5})
        for task in tasks
    }
    outcomes["1-b"] = Outcome(status="stopped")

    whole, said = _whole_folds(tasks, outcomes)

    assert [whole[t.task_id].status for t in tasks] == [
        *["completed"] * 2,
        *["stopped"] * 2,
    ]
    assert whole["1-a"].fold_scores is None
    assert said == ["1 fold instead of 2: the budget ended"]
    assert _whole_folds(tasks[:2], outcomes) == (outcomes, [])
