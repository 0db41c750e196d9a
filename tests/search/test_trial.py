"""How a trial ended is read back from the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.trial import Trial, outcome_of, proposal_outcome
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Epoch, Outcome

MakeDriver = Callable[..., tuple[Driver, Ledger]]


def test_outcome_of_a_line_is_the_one_that_was_written(
    make_driver: MakeDriver, scripted_pool: Callable[..., Any]
) -> None:
    """Scores, reasons, epochs and results on images survive the file."""

    def fate(task: Any, _: int) -> str:
        return "failed" if task.architecture.stages[0].width == 2 else "score"

    driver, ledger = make_driver(max_trials=3)
    driver.run(scripted_pool(1, fate))
    lines = [json.loads(json.dumps(line)) for line in ledger.of("ended")]

    read = {line["trial"]: outcome_of(line) for line in lines}
    assert len(read) == 3
    for name, trial in driver.trials.items():
        assert trial.outcome is not None
        kept = trial.outcome.model_copy(update={"memory_mb": read[name].memory_mb})
        assert read[name] == kept


def test_outcome_of_a_line_without_results_on_images_has_none() -> None:
    """Lines that an earlier version wrote do not name them."""
    line = {
        "event": "ended",
        "status": "completed",
        "reason": "",
        "score": 0.5,
        "early_stopped": True,
        "seconds": {"train": 1.0},
        "history": [],
    }

    outcome = outcome_of(line)
    assert (outcome.right, outcome.score, outcome.early_stopped) == (None, 0.5, True)


def test_proposal_outcome_of_a_training_has_its_curve_and_standard_error(
    numbered: Callable[[int], Architecture],
) -> None:
    """A proposer learns how sure a score is, and what led to it."""
    trial = Trial("name", "id", numbered(3), parent=None, first_epochs=1)
    history = [
        Epoch(
            epoch=number, train_loss=1.0, val_accuracy=score, val_images=100,
            learning_rate=0.1, seconds_train=1.0,
        )
        for number, score in ((1, 0.4), (2, 0.5))
    ]  # fmt: skip
    done = Outcome(
        status="completed", history=history, score=0.5, seconds={"train": 2, "build": 1}
    )
    told = proposal_outcome(trial, done, rung=1, epochs=3, objective="accuracy")

    assert told.architecture == numbered(3)
    assert (told.score, told.rung, told.epochs) == (0.5, 1, 3)
    assert told.curve == (0.4, 0.5)
    assert told.standard_error == pytest.approx(0.05)
    assert told.seconds == 3.0


def test_proposal_outcome_of_a_failure_has_its_reason(
    numbered: Callable[[int], Architecture],
) -> None:
    """A failure is told, with no score and no standard error."""
    trial = Trial("name", "id", numbered(3), parent=None, first_epochs=1)
    failed = Outcome(status="failed", reason="ValueError: planted")
    told = proposal_outcome(trial, failed, rung=0, epochs=1, objective="accuracy")

    assert (told.score, told.standard_error) == (None, None)
    assert told.reason == "ValueError: planted"
