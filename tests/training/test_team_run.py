"""A team of real workers: one network, equal results, and a way out of a loss."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kedro_nas.parameters.job import JobOptions
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.team_run import run_on_team
from kedro_nas.training.workers.lease import lease_pool
from kedro_nas.training.workers.local import LocalPool

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPool]:
    """Lease two workers once for all tests of this file."""
    log = tmp_path_factory.mktemp("pool") / "workers.log"
    with lease_pool(JobOptions(workers=2), log) as leased:
        yield leased


def _fit(
    pool: LocalPool,
    task: Task,
    folder: Path,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> tuple[Outcome, list[np.ndarray]]:
    import keras

    folder.mkdir(exist_ok=True)
    changes = {
        "checkpoint": str(folder / "fit.npz"),
        "model_file": str(folder / "fit.keras"),
    }
    outcome = run_on_team(
        pool,
        task.model_copy(update=changes),
        members=2,
        every_steps=2,
        journal=folder / "fits.jsonl",
        fingerprint="data",
        max_attempts=2,
        deadline=None,
        on_epoch=on_epoch,
    )
    model = keras.models.load_model(folder / "fit.keras", compile=False)
    return outcome, model.get_weights()


def test_team_gives_the_same_model_twice(
    pool: LocalPool, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """With the same seed and number of members the model is the same, bit for bit."""
    task = make_task(rows="dev", epochs=4)

    first, weights = _fit(pool, task, tmp_path / "a")
    _, again = _fit(pool, task, tmp_path / "b")

    assert first.status == "completed"
    assert len(first.history) == 4
    assert first.history[-1].train_loss < first.history[0].train_loss
    assert all(np.array_equal(x, y) for x, y in zip(weights, again, strict=True))


def test_team_that_loses_a_member_begins_again_from_its_checkpoint(
    pool: LocalPool, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """A killed member costs its epoch; the model is what it would have been."""
    task = make_task(rows="dev", epochs=6)
    _, unharmed = _fit(pool, task, tmp_path / "a")
    seen: list[int] = []

    def kill_once(epoch: Epoch) -> None:
        seen.append(epoch.epoch)
        if seen == [1, 2]:
            os.kill(pool.process_ids()[1], signal.SIGKILL)

    outcome, weights = _fit(pool, task, tmp_path / "b", kill_once)

    assert outcome.status == "completed"
    assert seen.count(1) == 1
    assert all(np.array_equal(x, y) for x, y in zip(unharmed, weights, strict=True))


def test_team_result_is_found_in_the_journal(
    pool: LocalPool, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    """A fit that is done is not done again."""
    task = make_task(rows="dev", epochs=2)
    first, _ = _fit(pool, task, tmp_path / "a")
    seen: list[int] = []

    again, _ = _fit(pool, task, tmp_path / "a", lambda epoch: seen.append(epoch.epoch))

    assert again.history == first.history
    assert seen == []
