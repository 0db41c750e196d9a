"""A slow starter through our schedule and through stock KerasTuner's Hyperband."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import pytest
from keras_tuner.src.engine import trial as kt_trial
from numpy.typing import NDArray

from kedro_nas.parameters.search import SearchOptions
from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import TrialEnded

MakeDriver = Callable[..., tuple[Driver, Ledger]]
Pool = Callable[..., Any]
CANDIDATES = 120
RUNG = 9  # candidates of our first rung
SEEDS = range(5)
FIRST, TOP = SearchOptions().rung_epochs(36)  # what the defaults make of 36 steps


def _curves(seed: int) -> tuple[NDArray[np.float64], int]:
    """Draw the accuracies of all candidates by epoch, and which is the slow starter.

    All but one rise fast to a level between 0.70 and 0.86. One of the first rung climbs
    steadily: in the lower half until epoch 8, above all others from epoch 14 on.
    """
    rng = np.random.default_rng(seed)
    epochs = np.arange(1, TOP + 1)
    level, pace = rng.uniform((0.70, 0.4), (0.86, 1.2), (CANDIDATES, 2)).T
    curves = level[:, None] * (1 - np.exp(-epochs / pace[:, None]))
    slow = int(rng.integers(1, RUNG + 1))
    climb = 0.1 + rng.uniform(0.055, 0.065) * epochs
    curves[slow - 1] = np.minimum(climb, rng.uniform(0.90, 0.95))
    return curves + rng.normal(0, 0.003, curves.shape), slow


def _ours(make_driver: MakeDriver, pool: Any, **changes: Any) -> tuple[int, int]:
    """Run our schedule; give its best network and the epochs it trained."""
    options: dict[str, Any] = {
        "min_epochs": FIRST,
        "max_epochs": TOP,
        "iterations": 1,
        "max_trials": None,
        "slope_places": SearchOptions().slope_places,
        **changes,
    }
    driver, ledger = make_driver(f"ours-{options['slope_places']}", **options)
    driver.run(pool)
    score = {line.trial: line.score or 0.0 for line in ledger.of(TrialEnded)}
    best = max(pool.submitted, key=lambda task: score[task.task_id])
    trained = sum(task.epochs - task.epoch_start for task in pool.submitted)
    return best.architecture.stages[0].width, trained


class _Stock:
    """Stock KerasTuner's oracle, its candidates numbered in the order it draws them.

    As its tuner does, a trial goes on where its parent ended and is scored by the best
    of its own epochs.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        space = keras_tuner.HyperParameters()
        space.Float("any", 0, 1)
        self._oracle = keras_tuner.oracles.HyperbandOracle(
            keras_tuner.Objective("score", "max"),
            max_epochs=TOP,
            factor=SearchOptions().factor,
            hyperband_iterations=3,
            seed=seed + 1,
            hyperparameters=space,
        )
        self._oracle._set_project_dir(str(folder), f"stock-{seed}")
        self._oracle.verbose = 0
        self._numbers: dict[float, int] = {}
        self.epochs: dict[int, int] = {}  # the most a candidate was trained for

    def run(self, curves: NDArray[np.float64], epochs: int) -> int:
        """Train at least so many epochs; give the best network."""
        best, trained = (0.0, 0), 0
        while trained < epochs:
            trial = self._oracle.create_trial("worker")
            assert trial.status == "RUNNING"
            values = trial.hyperparameters.values
            number = self._numbers.setdefault(values["any"], len(self._numbers) + 1)
            start, end = values["tuner/initial_epoch"], values["tuner/epochs"]
            score = float(curves[number - 1, start:end].max())
            self._oracle.update_trial(trial.trial_id, {"score": score})
            trial = self._oracle.trials[trial.trial_id]
            trial.status = kt_trial.TrialStatus.COMPLETED
            self._oracle.end_trial(trial)
            self.epochs[number] = max(end, self.epochs.get(number, 0))
            best, trained = max(best, (score, number)), trained + end - start
        return best[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_slow_starter_is_kept_by_ours_and_lost_by_stock(
    make_driver: MakeDriver, scripted_pool: Pool, tmp_path: Path, seed: int
) -> None:
    """Same curves, same order of candidates, stock with at least as many epochs.

    Our defaults find the best network. Stock has cut it within five epochs, and so do
    our own rungs without the place for slopes.
    """
    curves, slow = _curves(seed)

    def curve(width: int, epoch: int) -> float:
        return float(curves[width - 1, epoch - 1])

    ours, trained = _ours(make_driver, scripted_pool(2, curve=curve))
    by_score, _ = _ours(make_driver, scripted_pool(2, curve=curve), slope_places=0)
    stock = _Stock(tmp_path, seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "currentThread|getName", DeprecationWarning)
        found = stock.run(curves, trained)

    places = np.argsort(np.argsort(curves[:RUNG], axis=0), axis=0)[slow - 1]
    assert (places[:8] < RUNG / 2).all()
    assert (np.argmax(curves[:, 13:], axis=0) == slow - 1).all()
    assert ours == slow
    assert by_score != slow
    assert found != slow
    assert stock.epochs[slow] <= FIRST
