"""The final fit in a workspace where others were fitted before."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kedro_nas.errors import TrainingError
from kedro_nas.export import final_fit
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.outage import Outage
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event

PROFILE = {"verdict": {"bn_momentum": 0.9, "class_weights": None}}


class WritingPool:
    """A worker that writes what it was asked to train where the model belongs."""

    size = 1

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.granted: list[float | None] = []
        self.reason = ""  # of each outcome, as of one that was cut
        self._task: Task | None = None

    def free(self) -> list[int]:
        return [] if self._task else [0]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.tasks.append(task)
        self.granted.append(remaining_s)
        self._task = task

    def wait(self, timeout_s: float) -> list[Event]:
        task, self._task = self._task, None
        assert task is not None
        model = Path(task.model_file or "")
        model.parent.mkdir(parents=True, exist_ok=True)
        Path(task.checkpoint or "").write_bytes(b"state")
        batch = task.architecture.recipe.batch_size
        model.write_text(f"{task.epochs} epochs, seed {task.seed}, batch {batch}")
        outcome = self.outcome(task)
        return [Event("end", worker=0, task_id=task.task_id, outcome=outcome)]

    def outcome(self, task: Task) -> Outcome:
        history = [
            Epoch(
                epoch=number + 1, train_loss=1.0, learning_rate=0.1, seconds_train=1.0
            )
            for number in range(task.epochs)
        ]
        return Outcome(
            status="completed",
            reason=self.reason,
            history=history,
            seconds={"train": 1.0},
        )


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> WritingPool:
    """Fit on a pool that trains nothing; a model is loaded as the text it is."""
    made = WritingPool()

    @contextmanager
    def lease(*_: Any) -> Iterator[WritingPool]:
        yield made

    monkeypatch.setattr(final_fit, "lease_pool", lease)
    monkeypatch.setattr(
        final_fit, "_load", lambda task: Path(task.model_file).read_text()
    )
    return made


def fit(
    architecture: Architecture,
    workspace: Path,
    *,
    epochs: int,
    fingerprint: str = "one",
    seed: int = 0,
    search: SearchOptions | None = None,
    ranking: RankingOptions | None = None,
    **known: Any,
) -> tuple[str, dict[str, Any]]:
    """Fit a winner without a baseline; gives its model and the record."""
    best = {
        "architecture": architecture.to_dict(),
        "is_baseline": True,
        "epochs": epochs,
        **known,
    }
    model, _, record = final_fit.fit_final_models(
        SimpleNamespace(path=Path("store"), fingerprint=fingerprint),  # type: ignore[arg-type]
        PROFILE,
        best,
        workspace,
        search or SearchOptions(),
        ranking or RankingOptions(),
        seed,
    )
    return model, record


def test_fit_final_models_again_with_other_epochs_gives_the_model_of_each(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """18, 9 and 18 epochs in one workspace: the third is the first, trained once."""
    found = [fit(small_architecture, tmp_path, epochs=epochs) for epochs in (18, 9, 18)]

    assert [model.split(",")[0] for model, _ in found] == [
        "18 epochs",
        "9 epochs",
        "18 epochs",
    ]
    assert [record["epochs"] for _, record in found] == [18, 9, 18]
    assert [task.epochs for task in pool.tasks] == [18, 9]


def test_fit_final_models_outage_is_said_and_the_same_command_goes_on(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full disk is no fault of the winner: with room again it is fitted."""
    full = Outage(message=os.strerror(errno.ENOSPC), errno=errno.ENOSPC)
    with monkeypatch.context() as patched:
        patched.setattr(pool, "outcome", lambda _: Outcome.of_outage(full))
        with pytest.raises(TrainingError, match="Free some space and run the same"):
            fit(small_architecture, tmp_path, epochs=2)
    model, record = fit(small_architecture, tmp_path, epochs=2)

    assert model.startswith("2 epochs")
    assert record["epochs"] == 2


@pytest.mark.parametrize("changes", [{"fingerprint": "two"}, {"seed": 1}])
def test_fit_final_models_of_other_data_or_seed_shares_no_file(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    changes: dict[str, Any],
) -> None:
    """What another run left, killed or not, is neither continued nor handed out."""
    fit(small_architecture, tmp_path, epochs=2)
    fit(small_architecture, tmp_path, epochs=2, **changes)
    one, other = pool.tasks

    assert one.checkpoint != other.checkpoint
    assert one.model_file != other.model_file


@pytest.mark.parametrize(
    ("final_budget_s", "left_s", "expected"),
    [(155.0, None, 155), (None, 70.0, 70), (155.0, 70.0, 70), (None, None, None)],
)
def test_fit_final_models_seconds_are_a_deadline(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    final_budget_s: float | None,
    left_s: float | None,
    expected: float | None,
) -> None:
    """The stage's own budget ends a fit as the pipeline's does; the tighter counts."""
    options = RankingOptions(final_budget_s=final_budget_s)
    fit(small_architecture, tmp_path, epochs=2, ranking=options, final_left_s=left_s)

    assert pool.granted == [expected and pytest.approx(expected, abs=5)]


def test_fit_final_models_after_a_kill_has_the_seconds_that_are_left(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """100 of 155 s were spent by a session that was killed; the next one has 55."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "wait", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fit(small_architecture, tmp_path, epochs=2)
    (clock,) = (tmp_path / "final").glob("clock-*.txt")
    clock.write_text("100.0")
    pool._task = None
    _, record = fit(small_architecture, tmp_path, epochs=2)
    _, again = fit(small_architecture, tmp_path, epochs=2)

    assert pool.granted == pytest.approx([155, 55], abs=5)
    assert 100 <= record["seconds"] < 105
    assert again["seconds"] == pytest.approx(record["seconds"], abs=0.5)


def test_fit_final_models_cut_is_resumable_and_kept_when_run_again(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """A cut model stays, with its checkpoint; more seconds let it go on from there."""
    pool.reason = "the budget ended after 2 of 9 epochs"

    def again(budget_s: float) -> bool:
        options = RankingOptions(final_budget_s=budget_s)
        fit(small_architecture, tmp_path, epochs=9, ranking=options)
        return Path(pool.tasks[-1].checkpoint or "").exists()

    kept = again(155)
    (clock,) = (tmp_path / "final").glob("clock-*.txt")
    clock.write_text("156.0")
    again(155)
    trained = len(pool.tasks)
    pool.reason = ""
    kept_when_whole = again(300)

    assert (kept, kept_when_whole) == (True, False)
    assert trained == 1
    assert pool.granted[1:] == [pytest.approx(144, abs=5)]


def test_fit_final_models_too_late_fits_winner_and_baseline_once(
    pool: WritingPool, small_architecture: Architecture, tmp_path: Path
) -> None:
    """A stage without a second left still delivers both models, and no choice."""
    baseline = small_architecture.with_recipe(batch_size=8)
    fit(
        small_architecture,
        tmp_path,
        epochs=2,
        ranking=RankingOptions(seeds=3),
        search=SearchOptions(threads_per_worker=2),
        final_left_s=0.0,
        is_baseline=False,
        baseline={"architecture": baseline.to_dict()},
    )

    assert [task.architecture for task in pool.tasks] == [small_architecture, baseline]
    assert {task.threads for task in pool.tasks} == {2}


class SmallMemory(WritingPool):
    """A worker whose memory holds batches of at most 16 images."""

    def outcome(self, task: Task) -> Outcome:
        if task.architecture.recipe.batch_size > 16:
            return Outcome(status="failed", reason="out of memory: 3 GiB")
        return WritingPool.outcome(self, task)


def test_fit_final_models_out_of_memory_gives_the_model_of_half_the_batch(
    pool: WritingPool,
    small_architecture: Architecture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The winner is not lost for a batch; the model is the one that was trained."""
    monkeypatch.setattr(pool, "outcome", lambda task: SmallMemory.outcome(pool, task))
    model, record = fit(small_architecture, tmp_path, epochs=2)

    assert model.endswith("batch 16")
    assert record["key"] == small_architecture.with_recipe(batch_size=16).key
    assert [task.architecture.recipe.batch_size for task in pool.tasks] == [32, 16]
