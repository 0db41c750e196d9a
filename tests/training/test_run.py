"""A fixed list of tasks, journalled and within its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.training.one_worker import FailingDisk, OneWorker

from kedro_nas.files import read_json_lines
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers.worker_pool import Event
from kedro_nas.work_clock import WorkClock


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
        always_completed=2,
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


class SmallMemory(OneWorker):
    """A worker whose memory holds batches of at most 8 images."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[tuple[str, int]] = []

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        super().submit(task, worker=worker, remaining_s=remaining_s)
        self.batches.append((task.task_id, task.architecture.recipe.batch_size))

    def wait(self, timeout_s: float) -> list[Event]:
        if self.batches[-1][1] <= 8:
            return super().wait(timeout_s)
        self._task, name = None, self.batches[-1][0]
        outcome = Outcome(status="failed", reason="out of memory: 3 GiB")
        return [Event("end", worker=0, task_id=name, outcome=outcome)]


def test_run_tasks_out_of_memory_halves_the_batch_of_the_network_for_good(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """No fold fails for a batch that another fold has shown to be too large."""
    options: dict[str, Any] = {"journal": tmp_path / "folds.jsonl", "fingerprint": "x"}
    options["max_attempts"] = 3
    pool, later = SmallMemory(), SmallMemory()
    ran = run_tasks(pool, make_tasks(2), **options)
    again = run_tasks(later, make_tasks(3), **options)

    assert [outcome.status for outcome in ran.outcomes.values()] == ["completed"] * 2
    assert pool.batches == [
        ("task-0", 32),
        ("task-0", 16),
        ("task-0", 8),
        ("task-1", 8),
    ]
    assert {t.architecture.recipe.batch_size for t in ran.tasks.values()} == {8}
    assert later.batches == [("task-2", 8)]
    assert again.outcomes["task-0"] == ran.outcomes["task-0"]


def test_run_tasks_finished_before_memory_ran_out_are_kept_as_they_are(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """A fold that had memory enough is not trained again for one that had not."""
    options: dict[str, Any] = {"journal": tmp_path / "folds.jsonl", "fingerprint": "x"}
    run_tasks(OneWorker(), make_tasks(1), **options)
    run_tasks(SmallMemory(), make_tasks(2), max_attempts=3, **options)
    later = SmallMemory()
    ran = run_tasks(later, make_tasks(2), **options)

    assert not later.batches
    assert ran.tasks["task-0"].architecture.recipe.batch_size == 32


def test_run_tasks_probe_out_of_memory_is_not_halved(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """What measures a batch size has to be told that it does not fit."""
    pool = SmallMemory()
    ran = run_tasks(
        pool,
        make_tasks(1, probe_steps=5),
        journal=tmp_path / "probes.jsonl",
        fingerprint="x",
    )

    assert ran.outcomes["task-0"].status == "failed"
    assert pool.batches == [("task-0", 32)]


def test_run_tasks_outage_ends_the_stage_and_the_rest_is_done_later(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """A fold whose disk failed is not a failed fold: it is trained when it is back."""
    options: dict[str, Any] = {"journal": tmp_path / "folds.jsonl", "fingerprint": "x"}
    with pytest.raises(OSError, match="Stale file handle"):
        run_tasks(FailingDisk(), make_tasks(3), **options)
    later = OneWorker()
    ran = run_tasks(later, make_tasks(3), **options)

    assert sorted(later.granted) == ["task-1", "task-2"]
    assert {outcome.status for outcome in ran.outcomes.values()} == {"completed"}


def test_run_tasks_with_an_empty_model_file_are_run_again(
    make_tasks: Callable[..., list[Task]], tmp_path: Path
) -> None:
    """A model of 0 bytes, as a loss of power leaves it, does not count as fitted."""
    file = tmp_path / "fit.keras"
    options: dict[str, Any] = {"journal": tmp_path / "fits.jsonl", "fingerprint": "x"}
    tasks = make_tasks(1, model_file=str(file))
    file.write_text("a model")
    run_tasks(OneWorker(), tasks, **options)
    whole, empty = OneWorker(), OneWorker()
    run_tasks(whole, tasks, **options)
    file.write_text("")
    run_tasks(empty, tasks, **options)

    assert not whole.granted
    assert list(empty.granted) == ["task-0"]
