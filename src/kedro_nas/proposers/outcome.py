"""What a proposer is told about a training that ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

CandidateT = TypeVar("CandidateT")


@dataclass(frozen=True)
class ProposalOutcome(Generic[CandidateT]):
    """How the training of a proposal on one rung ended.

    Attributes:
        architecture: The proposal.
        score: The objective in [0, 1], larger is better; None if training failed.
        reason: Why it failed, empty otherwise.
        rung: Of its bracket, 0 for the first.
        epochs: Epochs at the end of the rung, those of lower rungs included. A training
            that stopped early counts in full.
        curve: The objective after each epoch, lower rungs included.
        standard_error: Of the score, from the number of images; None if unknown.
        seconds: Spent on this rung.
        trial: Name of the trial in the ledger that has the weights: that of a lower
            rung if training stopped early there; empty outside of a search.
    """

    architecture: CandidateT
    score: float | None
    reason: str = ""
    rung: int = 0
    epochs: int = 1
    curve: tuple[float, ...] = ()
    standard_error: float | None = None
    seconds: float = 0.0
    trial: str = ""
