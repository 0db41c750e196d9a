"""A fixed list of tasks, journalled and within its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kedro_nas.files import read_json_lines
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.base import Event
from kedro_nas.work_clock import WorkClock

RECORD = Epoch(epoch=1, train_loss=1.0, learning_rate=0.1, seconds_train=1.0)


class OneWorker:
    """A worker that ends each task at once, stopped or cut when its time is up."""

    size = 1

    def __init__(self) -> None:
        self.granted: dict[str, float | None] = {}
        self._task: Task | None = None

    def free(self) -> list[int]:
        return [] if self._task else [0]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.granted[task.task_id], self._task = remaining_s, task

    def wait(self, timeout_s: float) -> list[Event]:
        task, self._task = self._task, None
        assert task is not None
        remaining = self.granted[task.task_id]
        late = remaining is not None and remaining <= 0
        outcome = Outcome(
            status="stopped" if late and not task.model_file else "completed",
            reason="the budget ended" if late else "",
            history=[RECORD],
            seconds={"build": 1.0, "train": 3.0},
        )
        return [Event("end", worker=0, task_id=task.task_id, outcome=outcome)]


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


def test_run_tasks_past_the_deadline_stops_all_but_the_granted(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """The first tasks may be granted their time; the others get what is left."""
    pool = OneWorker()
    ran = run_tasks(
        pool,
        make_tasks(4),
        journal=tmp_path / "folds.jsonl",
        fingerprint="x",
        deadline=time.monotonic() - 1,
        at_least=2,
    )

    assert [outcome.status for outcome in ran.outcomes.values()] == [
        *["completed"] * 2,
        *["stopped"] * 2,
    ]
    assert list(pool.granted) == ["task-0", "task-1"]  # the others are not begun
    assert pool.granted["task-0"] is None
    assert len(read_json_lines(tmp_path / "folds.jsonl")) == 2


def test_run_tasks_model_cut_by_the_deadline_is_fitted_anew_with_more_time(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """What a budget cut short is not taken for the whole later on."""
    model = tmp_path / "model.keras"
    model.write_bytes(b"any")
    tasks = make_tasks(1, model_file=str(model))
    options: dict[str, Any] = {"journal": tmp_path / "fits.jsonl", "fingerprint": "x"}

    cut = run_tasks(OneWorker(), tasks, deadline=time.monotonic() - 1, **options)
    whole = run_tasks(OneWorker(), tasks, **options)
    kept = OneWorker()
    again = run_tasks(kept, tasks, **options)

    assert (cut.earlier_s, whole.earlier_s, again.earlier_s) == (0.0, 0.0, 4.0)
    assert [r.outcomes["task-0"].reason for r in (cut, whole, again)] == [
        "the budget ended",
        "",
        "",
    ]
    assert not kept.granted


def test_run_tasks_past_the_deadline_begins_one_model_per_architecture(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """A late stage delivers its model, and spends nothing on a choice of several."""
    pool = OneWorker()
    models = make_tasks(3, model_file=str(tmp_path / "model.keras"))
    other = models[2].architecture.with_recipe(batch_size=7)
    models[2] = models[2].model_copy(update={"architecture": other})
    ran = run_tasks(
        pool,
        models,
        journal=tmp_path / "fits.jsonl",
        fingerprint="x",
        deadline=time.monotonic() - 1,
    )

    assert list(pool.granted) == ["task-0", "task-2"]
    assert [outcome.status for outcome in ran.outcomes.values()] == [
        "completed",
        "stopped",
        "completed",
    ]


def test_run_tasks_cut_model_is_kept_where_the_time_is_still_up(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """Running a stage again that was cut gives its model, not one of fewer epochs."""
    model = tmp_path / "model.keras"
    model.write_bytes(b"any")
    tasks = make_tasks(1, model_file=str(model))
    options: dict[str, Any] = {
        "journal": tmp_path / "fits.jsonl",
        "fingerprint": "x",
        "deadline": time.monotonic() - 1,
    }
    cut = run_tasks(OneWorker(), tasks, **options)
    idle = OneWorker()
    again = run_tasks(idle, tasks, **options)

    assert cut.outcomes == again.outcomes
    assert (cut.has_begun, again.has_begun) == (True, False)
    assert not idle.granted


def test_run_tasks_seconds_in_the_journal_bring_the_deadline_forward(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """Folds taken over from another plan have used their part of the budget."""
    options: dict[str, Any] = {"journal": tmp_path / "folds.jsonl", "fingerprint": "x"}
    run_tasks(OneWorker(), make_tasks(2), **options)  # 4 s each, by their outcomes
    pool, clock = OneWorker(), WorkClock(tmp_path / "clock.txt", before_s=3.0)
    deadline = time.monotonic() + 100
    run_tasks(pool, make_tasks(3), deadline=deadline, clock=clock, **options)

    assert clock.before_s == 8.0
    assert pool.granted["task-2"] == pytest.approx(95, abs=4)


def test_run_tasks_with_other_threads_are_run_again(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """A fold of one thread is not taken for one of two: its last bits differ."""
    options: dict[str, Any] = {"journal": tmp_path / "folds.jsonl", "fingerprint": "x"}
    run_tasks(OneWorker(), make_tasks(1), **options)
    kept, other = OneWorker(), OneWorker()
    run_tasks(kept, make_tasks(1, threads=1), **options)
    run_tasks(other, make_tasks(1, threads=2), **options)

    assert not kept.granted
    assert list(other.granted) == ["task-0"]
