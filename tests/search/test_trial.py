"""A trial begins without an outcome."""

from __future__ import annotations

from kedro_nas.search.trial import Trial
from kedro_nas.space.architecture import Architecture


def test_trial_begins_untouched(small_architecture: Architecture) -> None:
    """Neither tried nor halved nor ended, until the driver changes it."""
    trial = Trial("i0-b0-r0-n000", "0", small_architecture, parent=None, first_epochs=3)

    assert (trial.attempts, trial.halvings) == (0, 0)
    assert (trial.worker, trial.outcome) == (None, None)
