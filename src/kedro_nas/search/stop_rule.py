"""Ends a search before its limits: nothing better is found, or it is good enough."""

from __future__ import annotations

from typing import Literal

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.space.architecture import Architecture

StopReason = Literal["no improvement", "target reached"]
ProposalsEnd = Literal["space exhausted"] | StopReason


class StopRule:
    """Decides from outcomes whether more networks are proposed.

    It is told the outcomes that a proposal may depend on, in the order of places, so
    that a search ends at the same place for any number of workers. Only full trainings
    count as improvements: scores after fewer epochs do not compare with them. Networks
    under way are still trained to the end of their ladder.

    Args:
        networks: Networks without an improvement after which no more are proposed;
            None for no such limit.
        target_score: Objective of a full training that is good enough, None for none.
        full_epochs: Epochs of a full training.
    """

    def __init__(
        self,
        *,
        networks: int | None = None,
        target_score: float | None = None,
        full_epochs: int = 1,
    ) -> None:
        self._limit, self._target, self._full = networks, target_score, full_epochs
        self._best: float | None = None
        self._since: set[str] = set()
        self._is_reached = False

    @property
    def waits(self) -> bool:
        """Whether proposals depend on outcomes through this rule."""
        return self._limit is not None or self._target is not None

    def add(self, outcome: ProposalOutcome[Architecture]) -> None:
        """Learn how a training ended.

        A score counts as an improvement when it is better than the last improvement by
        its standard error, so that many small steps count as one. That is the standard
        error of the score itself; of a paired difference it is about as large when two
        networks share half of the variance of their mistakes, and smaller when they
        share more.
        """
        self._since.add(outcome.architecture.key)
        if outcome.score is None or outcome.epochs < self._full:
            return
        self._is_reached |= self._target is not None and outcome.score >= self._target
        margin = outcome.standard_error or 0.0
        if self._best is None or outcome.score > self._best + margin:
            self._best = outcome.score
            self._since.clear()

    def reason(self) -> StopReason | None:
        """Return why no more networks are proposed, None while they are."""
        if self._is_reached:
            return "target reached"
        is_flat = self._best is not None and self._limit is not None
        if is_flat and len(self._since) >= (self._limit or 0):
            return "no improvement"
        return None
