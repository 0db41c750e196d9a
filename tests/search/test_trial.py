"""A trial begins without an outcome."""

from __future__ import annotations

import pytest

from kedro_nas.search.trial import Trial, proposal_outcome
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Epoch, Outcome


def test_trial_begins_untouched(small_architecture: Architecture) -> None:
    """Neither tried nor halved nor ended, until the driver changes it."""
    trial = Trial("i0-b0-r0-n000", "0", small_architecture, parent=None, first_epochs=3)

    assert (trial.attempts, trial.halvings) == (0, 0)
    assert (trial.worker, trial.outcome) == (None, None)


def test_proposal_outcome_of_a_training_has_its_curve_and_standard_error(
    small_architecture: Architecture,
) -> None:
    """A proposer learns how sure a score is, and what led to it."""
    trial = Trial("name", "id", small_architecture, parent=None, first_epochs=1)
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

    assert told.architecture == small_architecture
    assert (told.score, told.rung, told.epochs) == (0.5, 1, 3)
    assert told.curve == (0.4, 0.5)
    assert told.standard_error == pytest.approx(0.05)
    assert told.seconds == 3.0


def test_proposal_outcome_of_a_failure_has_its_reason(
    small_architecture: Architecture,
) -> None:
    """A failure is told, with no score and no standard error."""
    trial = Trial("name", "id", small_architecture, parent=None, first_epochs=1)
    failed = Outcome(status="failed", reason="ValueError: planted")
    told = proposal_outcome(trial, failed, rung=0, epochs=1, objective="accuracy")

    assert (told.score, told.standard_error) == (None, None)
    assert told.reason == "ValueError: planted"
