"""Tells a proposer outcomes with a fixed delay, whatever the number of workers.

Which trainings have ended when a network is proposed depends on the workers. A proposal
therefore sees the outcomes of places at least `lag` before its own, all of them and no
others, in the order of places. Up to `lag` workers train at a time without waiting.
"""

from __future__ import annotations

from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.stop_rule import StopReason, StopRule
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import Bounds


class DelayedProposer:
    """A proposer, and the outcomes it has not been told yet.

    Args:
        proposer: Chooses the architectures.
        lag: Places; None tells each outcome before the next proposal, and so gives up
            that a search is the same for any number of workers.
        limits: Largest costs of a proposal.
        stop_rule: Decides from the same outcomes whether there are more proposals; None
            never ends them.
    """

    def __init__(
        self,
        proposer: Proposer,
        *,
        lag: int | None,
        limits: Bounds,
        stop_rule: StopRule | None = None,
    ) -> None:
        self._proposer, self._lag, self._limits = proposer, lag, limits
        self._stop_rule = stop_rule or StopRule()
        self._held: dict[int, ProposalOutcome[Architecture]] = {}
        self._recorded: Architecture | None = None

    def needs_places_before(self, position: int) -> int:
        """Return how many of the first places must have ended for a proposal.

        Args:
            position: Of the proposal's place in the schedule, from 0.
        """
        learns = self._proposer.learns or self._stop_rule.waits
        if self._lag is None or not learns:
            return 0
        return max(0, position - self._lag + 1)

    def hold(self, position: int, outcome: ProposalOutcome[Architecture]) -> None:
        """Keep an outcome until its place is far enough behind."""
        self._held[position] = outcome

    def expect(self, recorded: Architecture | None) -> None:
        """Set the next proposal, from the ledger of an earlier session."""
        self._recorded = recorded

    def ask(self, position: int) -> Architecture | None:
        """Return the architecture of a place, None if there are no more."""
        due = self.needs_places_before(position) if self._lag is not None else None
        for place in sorted(self._held):
            if due is None or place < due:
                outcome = self._held.pop(place)
                self._proposer.tell(outcome)
                self._stop_rule.add(outcome)
        if self._recorded is None:
            is_over = self._stop_rule.reason() is not None
            return None if is_over else self._proposer.ask(self._limits)
        recorded, self._recorded = self._recorded, None
        self._proposer.repeat(recorded)
        return recorded

    def stop_reason(self) -> StopReason | None:
        """Return why there are no more proposals though the space has networks left."""
        return self._stop_rule.reason()
