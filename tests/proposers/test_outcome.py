"""What a proposer is told."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from kedro_nas.proposers.outcome import ProposalOutcome


def test_outcome_of_a_failure_has_a_reason_and_no_score() -> None:
    """A failure is told like a score, and cannot be changed afterwards."""
    failed = ProposalOutcome("network", None, reason="out of memory: 3 GiB")

    assert failed.score is None
    assert (failed.rung, failed.epochs, failed.curve) == (0, 1, ())
    with pytest.raises(FrozenInstanceError):
        failed.score = 0.5  # type: ignore[misc]
