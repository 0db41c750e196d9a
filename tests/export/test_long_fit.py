"""A training that fills its seconds on all workers, and goes on after a kill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.export.writing_pool import WritingPool

from kedro_nas.data.store import ImageStore
from kedro_nas.export import long_fit
from kedro_nas.export.long_fit import LongFit, fit_for_seconds, keep_seconds, team_job
from kedro_nas.files import append_json_line, read_json_lines
from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.lease import end_kept_pool
from kedro_nas.work_clock import WorkClock

MakeTask = Callable[..., Task]


class _LeasedPool:
    """Lends a pool of writing workers as large as the options ask for."""

    def __init__(self) -> None:
        self.options: list[JobOptions] = []
        self.memory = 10**6
        self.pool = WritingPool()

    @contextmanager
    def lease(self, options: JobOptions, _: Path) -> Iterator[WritingPool]:
        self.options.append(options)
        assert isinstance(options.workers, int)
        self.pool = WritingPool(options.workers, self.memory)
        yield self.pool


@pytest.fixture
def leased(monkeypatch: pytest.MonkeyPatch) -> _LeasedPool:
    """Train on workers that train nothing."""
    made = _LeasedPool()
    monkeypatch.setattr(long_fit, "lease_pool", made.lease)
    return made


def _fit(
    store: ImageStore,
    task: Task,
    folder: Path,
    *,
    seconds: float = 100.0,
    clock: WorkClock | None = None,
    **job: Any,
) -> LongFit:
    return fit_for_seconds(
        store,
        task,
        folder,
        JobOptions(**{"workers": 1, **job}),
        seconds=seconds,
        clock=clock or WorkClock.resume(folder / "clock.txt"),
    )


def test_keep_seconds_gives_what_the_first_session_began_with(tmp_path: Path) -> None:
    """Another number of seconds would lay out other learning rates."""
    path = tmp_path / "final" / "seconds.json"

    assert keep_seconds(path, 120.5) == 120.5
    assert keep_seconds(path, 99.0) == 120.5
    assert json.loads(path.read_text()) == {"seconds": 120.5}


@pytest.mark.parametrize(
    ("workers", "threads", "expected"),
    [(1, 1, (1, 1)), (4, 2, (4, 2)), (8, 1, (4, 2)), (6, 1, (4, 1)), (16, 2, (4, 8))],
)
def test_team_of_many_workers_becomes_one_of_few_with_more_threads(
    workers: int, threads: int, expected: tuple[int, int]
) -> None:
    """Many members see too few images between averages; no core is claimed twice."""
    team = team_job(JobOptions(workers=workers, threads_per_worker=threads))

    assert (team.workers, team.threads_per_worker) == expected


def test_fit_for_seconds_trains_on_all_workers_of_the_team(
    leased: _LeasedPool,
    digits: tuple[ImageStore, Any],
    make_task: MakeTask,
    tmp_path: Path,
) -> None:
    """Each member has the whole of the seconds, and threads of its own."""
    task = make_task(rows="dev")
    found = _fit(digits[0], task, tmp_path, workers=8)
    tasks = leased.pool.tasks

    assert found.members == 4
    assert [one.team and one.team.rank for one in tasks] == [0, 1, 2, 3]
    assert {one.team and one.team.every_steps for one in tasks} == {25}
    assert {one.threads for one in tasks} == {2}
    assert {one.train_s for one in tasks} == {100.0}
    assert leased.pool.granted == pytest.approx([98.0] * 4, abs=2)
    assert Path(found.task.model_file or "").parent == tmp_path


def test_fit_for_seconds_writes_a_line_now_and_then_and_not_for_each_epoch(
    leased: _LeasedPool,
    digits: tuple[ImageStore, Any],
    make_task: MakeTask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of few images twenty epochs end in a second, and a log holds what is read."""

    def train(*_: Any, on_epoch: Callable[[Epoch], None], **__: Any) -> Outcome:
        for n in range(500):
            on_epoch(
                Epoch(epoch=n, train_loss=1.0, learning_rate=0.1, seconds_train=0.1)
            )
        return Outcome(status="completed")

    monkeypatch.setattr(long_fit, "run_on_team", train)
    with caplog.at_level("INFO"):
        _fit(digits[0], make_task(rows="dev"), tmp_path)

    assert 1 <= sum("final training: epoch" in one for one in caplog.messages) <= 3


def test_fit_for_seconds_that_is_done_is_not_done_again(
    leased: _LeasedPool,
    digits: tuple[ImageStore, Any],
    make_task: MakeTask,
    tmp_path: Path,
) -> None:
    """Its outcome is in the journal; other seconds are another training."""
    task = make_task(rows="dev")
    append_json_line(tmp_path / "fits.jsonl", {"halved": "another", "reason": "3 GiB"})
    first = _fit(digits[0], task, tmp_path)
    again = _fit(digits[0], task, tmp_path)
    n_again = len(leased.pool.tasks)
    longer = _fit(digits[0], task, tmp_path, seconds=200.0)

    assert again == first
    assert n_again == 0
    assert len(leased.pool.tasks) == 1
    assert longer.task.model_file != first.task.model_file


@pytest.mark.parametrize("fault", ["gone", "empty"])
def test_fit_for_seconds_whose_model_was_lost_is_done_again(
    leased: _LeasedPool,
    digits: tuple[ImageStore, Any],
    make_task: MakeTask,
    tmp_path: Path,
    fault: str,
) -> None:
    """A line in the journal is worth nothing without the file it speaks of."""
    model = Path(_fit(digits[0], make_task(rows="dev"), tmp_path).task.model_file or "")
    model.unlink()
    if fault == "empty":
        model.touch()
    _fit(digits[0], make_task(rows="dev"), tmp_path)

    assert len(leased.pool.tasks) == 1
    assert model.stat().st_size > 0


def test_fit_for_seconds_out_of_memory_halves_the_batch_until_it_fits(
    leased: _LeasedPool,
    digits: tuple[ImageStore, Any],
    make_task: MakeTask,
    tmp_path: Path,
) -> None:
    """The smaller batch trains under the same deadline, into files of its own."""
    leased.memory = 8
    found = _fit(digits[0], make_task(rows="dev"), tmp_path, workers=2)
    batches = [one.architecture.recipe.batch_size for one in leased.pool.tasks]

    assert batches == [32, 32, 16, 16, 8, 8]
    assert found.outcome.status == "completed"
    assert found.task.architecture.recipe.batch_size == 8
    assert len({one.model_file for one in leased.pool.tasks}) == 3


def test_fit_for_seconds_out_of_memory_with_one_image_fails(
    leased: _LeasedPool,
    digits: tuple[ImageStore, Any],
    make_task: MakeTask,
    tmp_path: Path,
) -> None:
    """A network that no batch fits is given up, with the reason."""
    leased.memory = 0
    found = _fit(digits[0], make_task(rows="dev"), tmp_path)

    assert found.outcome.status == "failed"
    assert found.outcome.reason.startswith("out of memory")
    assert leased.pool.tasks[-1].architecture.recipe.batch_size == 1


@pytest.mark.slow
def test_fit_for_seconds_of_two_real_workers_ends_with_its_seconds(
    digits: tuple[ImageStore, Any], make_task: MakeTask, tmp_path: Path
) -> None:
    """Three seconds train some epochs, keep a model, and are not exceeded.

    The workers have imported TensorFlow before: the clock is of the training.
    """
    import keras

    job = {"workers": 2}
    task = make_task(rows="dev")
    _fit(digits[0], task, tmp_path / "warm", seconds=1.0, **job)
    began = time.monotonic()
    found = _fit(digits[0], task, tmp_path / "cold", seconds=3.0, **job)
    took = time.monotonic() - began
    end_kept_pool()
    losses = [epoch.train_loss for epoch in found.outcome.history]
    model = keras.models.load_model(found.task.model_file, compile=False)

    assert found.outcome.status == "completed"
    assert found.members == 2
    assert len(losses) > 2
    assert losses[-1] < losses[0]
    # it has fallen; how far depends on how evenly the machine runs
    assert found.outcome.history[-1].learning_rate < 5e-3 / 3
    assert 0.5 < took < 3.0 + 5.0  # a loaded machine is slow to save, not to stop
    assert model.output_shape == (None, 10)
    (line,) = read_json_lines(tmp_path / "cold" / "fits.jsonl")
    assert line["outcome"]["status"] == "completed"
