"""The clock ends trainings and searches in time."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import keras_clock  # noqa: E402 - after Keras is known to be there
from contract import Job, read_journal  # noqa: E402
from keras_clock import BestTrial, Clock, CosineToTheEnd  # noqa: E402


def _job(tmp_path: Any, seconds: float) -> Job:
    """Return a job whose seconds count from now."""
    import contract

    spent = -(time.monotonic() - contract.BEGAN)
    return Job(tmp_path / "a.parquet", seconds, 0, tmp_path / "out.json", spent)


def _fit(callbacks: list[Any], epochs: int = 1000) -> Any:
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["accuracy"])
    x = np.ones((8, 2), "float32")
    model.fit(
        x, x, validation_data=(x, x), batch_size=1, epochs=epochs, verbose=0,
        callbacks=callbacks,
    )  # fmt: skip
    return model


def test_best_trial_knows_what_a_fit_on_all_rows_takes():
    """A fifth more rows take a quarter more seconds; the set-up comes once."""
    best = BestTrial(score=0.9, epochs=8, epoch_s=2.0, setup_s=5.0)

    assert best.seconds_on_all_rows() == pytest.approx(1.1 * (20.0 + 5.0))


def test_clock_leaves_the_expected_seconds_of_the_final_fit(tmp_path):
    """The search ends when what is left is needed to fit the best trial."""
    clock = Clock(_job(tmp_path, 100.0))
    unknown = clock.stop_s
    clock.best = BestTrial(0.9, 8, 2.0, 5.0)

    assert unknown == 50.0
    assert clock.stop_s == pytest.approx(100 - keras_clock.SAVE_S - 27.5)
    clock.is_final = True
    assert clock.stop_s == pytest.approx(100 - keras_clock.SAVE_S)


def test_clock_with_a_share_ends_the_search_there(tmp_path):
    """A search that is given half of the budget has half of it."""
    assert Clock(_job(tmp_path, 100.0), 0.5).stop_s == 50.0


def test_clock_is_shared_by_all_trials(tmp_path):
    """KerasTuner copies callbacks for each trial; there is one time."""
    clock = Clock(_job(tmp_path, 100.0))

    assert copy.deepcopy([clock])[0] is clock


def test_clock_plans_by_what_the_peer_chooses_by(tmp_path):
    """With a loss the best epoch is the lowest, with an accuracy the highest."""
    logs = [
        {"val_loss": 0.5, "val_accuracy": 0.8},
        {"val_loss": 0.6, "val_accuracy": 1},
    ]
    best = {}
    for monitor in ("val_loss", "val_accuracy"):
        clock = Clock(_job(tmp_path, 100.0), monitor=monitor)
        for epoch, one in enumerate(logs):
            clock.on_epoch_begin(epoch)
            clock.on_epoch_end(epoch, one)
        best[monitor] = (clock.best.score, clock.best.epochs)

    assert best == {"val_loss": (-0.5, 1), "val_accuracy": (1.0, 2)}


def _tuner(*statuses: str) -> Any:
    """Return what the clock uses of a KerasTuner that has trials of these states."""
    trials = {str(n): SimpleNamespace(status=s) for n, s in enumerate(statuses)}
    oracle = SimpleNamespace(trials=trials, max_trials=1000)
    seen: list[object] = []
    return SimpleNamespace(oracle=oracle, on_trial_end=seen.append, seen=seen)


def test_clock_ends_the_search_of_a_tuner_after_the_trials_it_has(tmp_path):
    """KerasTuner begins no trial beyond its largest number; ended ones are noted."""
    job = Job(tmp_path / "a.parquet", 100.0, 0, tmp_path / "out.json")
    clock, tuner = Clock(job, 0.5), _tuner("COMPLETED", "RUNNING")
    clock.limit(tuner)
    clock.trials = 2
    tuner.on_trial_end("the second")
    clock.end_search()

    assert tuner.oracle.max_trials == 2
    assert tuner.seen == ["the second"]
    (line,) = read_journal(job.journal)
    assert (line["event"], line["trial"]) == ("trial", 2)


def test_clock_of_a_second_session_says_what_the_tuner_has_kept(tmp_path):
    """Work is kept until the end of the last trial that the tuner has read again."""
    first = Clock(_job(tmp_path, 100.0))
    first.journal.trial(1)
    first.journal.trial(2)
    ended_s = read_journal(first.job.journal)[0]["s"]
    job = dataclasses.replace(first.job, spent=40.0)
    Clock(job).limit(_tuner("COMPLETED", "RUNNING"))

    assert read_journal(job.journal)[-1]["kept_s"] == ended_s


@pytest.fixture
def ticking(monkeypatch):
    """Let each look at a clock take a hundredth of a second, whatever the load."""
    ticks = itertools.count()
    monkeypatch.setattr(Job, "elapsed", property(lambda _: next(ticks) / 100))


@pytest.mark.slow
def test_clock_ends_a_training_and_the_search_within_the_limit(ticking, tmp_path):
    """A training of any length ends by its second, and the search with it."""
    job = Job(tmp_path / "a.parquet", 3.0, 0, tmp_path / "out.json")
    clock = Clock(job, 0.5)
    ended: list[float] = []
    clock.end_search = lambda: ended.append(job.elapsed)
    _fit([clock], epochs=1_000_000)

    assert ended == [pytest.approx(1.5, abs=0.1)]
    lines = read_journal(job.journal)
    assert clock.epochs == len(lines) > 1
    assert {line["trial"] for line in lines} == {1}
    assert clock.training_s > 0
    assert clock.best.epochs >= 1


@pytest.mark.slow
def test_clock_of_a_training_that_ends_early_lets_the_search_go_on(tmp_path):
    """With time left the next trial begins; the final fit is not a trial."""
    clock = Clock(_job(tmp_path, 600.0), 0.5)
    ended: list[int] = []
    clock.end_search = lambda: ended.append(1)
    _fit([clock], epochs=1)
    _fit([clock], epochs=2)
    clock.is_final = True
    _fit([clock], epochs=1)

    assert not ended
    assert (clock.trials, clock.epochs) == (2, 4)


@pytest.mark.slow
def test_cosine_falls_to_the_end_of_the_budget(ticking, tmp_path):
    """The learning rate falls from its peak to near nothing in what is left."""
    seconds = keras_clock.SAVE_S + 1.5
    job = Job(tmp_path / "a.parquet", seconds, 0, tmp_path / "out.json")
    clock = Clock(job)
    clock.is_final = True
    model = _fit([CosineToTheEnd(job), clock], epochs=1_000_000)

    assert float(model.optimizer.learning_rate) < 0.05 * 0.01
