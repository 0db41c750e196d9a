"""The final fit in a workspace where others were fitted before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.space.architecture import Architecture
from kedro_nas.training import final_fit
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.base import Event

PROFILE = {"verdict": {"bn_momentum": 0.9, "class_weights": None}}


class WritingPool:
    """A worker that writes what it was asked to train where the model belongs."""

    size = 1

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self._task: Task | None = None

    def free(self) -> list[int]:
        return [] if self._task else [0]

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        self.tasks.append(task)
        self._task = task

    def wait(self, timeout_s: float) -> list[Event]:
        task, self._task = self._task, None
        assert task is not None
        model = Path(task.model_file or "")
        model.parent.mkdir(parents=True, exist_ok=True)
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
        return Outcome(status="completed", history=history, seconds={"train": 1.0})


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
) -> tuple[str, dict[str, Any]]:
    """Fit a winner without a baseline; gives its model and the record."""
    best = {
        "architecture": architecture.to_dict(),
        "is_baseline": True,
        "epochs": epochs,
    }
    model, _, record = final_fit.fit_final_models(
        SimpleNamespace(path=Path("store"), fingerprint=fingerprint),  # type: ignore[arg-type]
        PROFILE,
        best,
        workspace,
        SearchOptions(),
        RankingOptions(),
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
