"""A stage's tasks: its journal, its clock, its error, on workers that are lent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.training.one_worker import FailingDisk, OneWorker

from kedro_nas.errors import KedroNasError, RankingError, TrainingError
from kedro_nas.files import read_json_lines
from kedro_nas.parameters.job import JobOptions
from kedro_nas.training import run
from kedro_nas.training.run import run_tasks_of_stage
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.worker_pool import Event
from kedro_nas.work_clock import WorkClock


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Path]]:
    """Lend a worker of the test's to stages; gives the options and logs of leases."""
    leases: list[tuple[Any, Path]] = []

    @contextmanager
    def lease(job: JobOptions, log: Path) -> Iterator[OneWorker]:
        leases.append((job, log))
        yield OneWorker()

    monkeypatch.setattr(run, "lease_pool", lease)
    return leases


def test_run_tasks_of_stage_keeps_its_files_where_the_workspace_has_them(
    make_tasks: Callable[..., list[Task]],
    lent: list[tuple[Any, Path]],
    tmp_path: Path,
) -> None:
    """Outcomes go to the stage's journal, what workers print to the workspace's log."""
    journal, job = tmp_path / "ranking" / "folds.jsonl", JobOptions(workers=1)
    clock = WorkClock(tmp_path / "clock.txt")
    ended: list[str] = []
    ran = run_tasks_of_stage(
        SimpleNamespace(fingerprint="x"),  # type: ignore[arg-type]
        make_tasks(2),
        job,
        journal,
        clock,
        RankingError,
        limit_s=None,
        on_event=lambda task, *_: ended.append(task.task_id),
    )

    assert lent == [(job, tmp_path / "workers.log")]
    assert [line["outcome"]["status"] for line in read_json_lines(journal)] == [
        "completed",
        "completed",
    ]
    assert ended == ["task-0", "task-1"] == list(ran.outcomes)
    assert float((tmp_path / "clock.txt").read_text()) == pytest.approx(
        clock.seconds, abs=0.5
    )


def test_run_tasks_of_stage_with_nothing_left_to_do_adds_no_seconds(
    make_tasks: Callable[..., list[Task]],
    lent: list[tuple[Any, Path]],
    tmp_path: Path,
) -> None:
    """A stage that finds all outcomes is as long as it was, however often it is run."""
    store: Any = SimpleNamespace(fingerprint="x")
    journal = tmp_path / "final" / "fits.jsonl"
    rest = (JobOptions(workers=1), journal)
    first = WorkClock(tmp_path / "first.txt")
    run_tasks_of_stage(store, make_tasks(2), *rest, first, TrainingError, limit_s=None)
    again = WorkClock(tmp_path / "again.txt", before_s=8.0, began=time.monotonic() - 60)
    ran = run_tasks_of_stage(
        store, make_tasks(2), *rest, again, TrainingError, limit_s=None
    )

    assert not ran.has_begun
    assert again.seconds == 8.0


class SavingWorker(OneWorker):
    """A worker that saves each task's state, and is lost once."""

    def __init__(self) -> None:
        super().__init__()
        self.checkpoints: list[Path] = []

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        super().submit(task, worker=worker, remaining_s=remaining_s)
        path = Path(str(task.checkpoint))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self.checkpoints.append(path)

    def wait(self, timeout_s: float) -> list[Event]:
        events = super().wait(timeout_s)
        if len(self.checkpoints) > 1:
            return events
        return [Event("lost", worker=0, task_id=events[0].task_id, reason="signal 9")]


def test_run_tasks_of_stage_goes_on_from_a_lost_worker_s_checkpoint(
    make_tasks: Callable[..., list[Task]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A fold is tried again with the state it had; states go with their outcomes."""
    pool = SavingWorker()

    @contextmanager
    def lease(*_: Any) -> Iterator[SavingWorker]:
        yield pool

    monkeypatch.setattr(run, "lease_pool", lease)
    own = tmp_path / "own.npz"
    tasks = [*make_tasks(2), *make_tasks(3, checkpoint=str(own))[2:]]
    run_tasks_of_stage(
        SimpleNamespace(fingerprint="x"),  # type: ignore[arg-type]
        tasks,
        JobOptions(workers=1),
        tmp_path / "ranking" / "folds.jsonl",
        WorkClock(tmp_path / "clock.txt"),
        RankingError,
        limit_s=None,
    )
    folder = tmp_path / "ranking" / "checkpoints"

    assert pool.checkpoints == [
        *[folder / "task-0.npz"] * 2,
        folder / "task-1.npz",
        own,
    ]
    assert list(folder.iterdir()) == []
    assert own.exists()  # of a caller that has given its own


def test_run_tasks_of_stage_keeps_the_state_of_what_its_seconds_cut(
    make_tasks: Callable[..., list[Task]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """With more seconds a fold that was stopped goes on."""

    class Stopped(SavingWorker):
        def wait(self, timeout_s: float) -> list[Event]:
            (event,) = OneWorker.wait(self, timeout_s)
            assert event.outcome is not None
            event.outcome.status = "stopped"
            return [event]

    @contextmanager
    def lease(*_: Any) -> Iterator[SavingWorker]:
        yield Stopped()

    monkeypatch.setattr(run, "lease_pool", lease)
    ran = run_tasks_of_stage(
        SimpleNamespace(fingerprint="x"),  # type: ignore[arg-type]
        make_tasks(1),
        JobOptions(workers=1),
        tmp_path / "ranking" / "folds.jsonl",
        WorkClock(tmp_path / "clock.txt"),
        RankingError,
        limit_s=50.0,
    )

    assert ran.outcomes["task-0"].status == "stopped"
    assert (tmp_path / "ranking" / "checkpoints" / "task-0.npz").exists()


@pytest.mark.parametrize("error", [RankingError, TrainingError])
def test_run_tasks_of_stage_whose_storage_fails_raises_the_stage_s_error(
    make_tasks: Callable[..., list[Task]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: type[KedroNasError],
) -> None:
    """An outage is said in the words of the stage, with what to do about it."""

    @contextmanager
    def lease(*_: Any) -> Iterator[FailingDisk]:
        yield FailingDisk()

    monkeypatch.setattr(run, "lease_pool", lease)
    with pytest.raises(error, match="Run the same command when they can be used"):
        run_tasks_of_stage(
            SimpleNamespace(fingerprint="x"),  # type: ignore[arg-type]
            make_tasks(3),
            JobOptions(workers=1),
            tmp_path / "final" / "fits.jsonl",
            WorkClock(tmp_path / "clock.txt"),
            error,
            limit_s=None,
        )


def test_run_tasks_of_stage_without_seconds_left_trains_what_is_always_completed(
    make_tasks: Callable[..., list[Task]],
    lent: list[tuple[Any, Path]],
    tmp_path: Path,
) -> None:
    """The limit counts the seconds of earlier sessions."""
    ran = run_tasks_of_stage(
        SimpleNamespace(fingerprint="x"),  # type: ignore[arg-type]
        make_tasks(3),
        JobOptions(workers=1),
        tmp_path / "ranking" / "folds.jsonl",
        WorkClock(tmp_path / "clock.txt", before_s=50.0),
        RankingError,
        limit_s=50.0,
        always_completed=1,
    )

    assert [outcome.status for outcome in ran.outcomes.values()] == [
        "completed",
        "stopped",
        "stopped",
    ]
