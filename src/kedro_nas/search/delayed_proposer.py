"""Tells a proposer outcomes with a fixed delay, whatever the number of workers.

Which trainings have ended when a network is proposed depends on the workers. A proposal
therefore sees the outcomes of places at least `lag` before its own, all of them and no
others, in the order of places. More than `lag` workers never train at a time; that a
slow trial makes few wait takes a lag of several times their number.
"""

from __future__ import annotations

import heapq

from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.ancestry import Ancestry
from kedro_nas.search.stop_rule import ProposalsEnd, StopRule
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import Bounds
from kedro_nas.training.tasks import Ancestor

# benchmarks/scale.py: 100 workers are used to 0.17 with a lag of their number, to 0.94
# with eight times as much and to 1.00 with sixteen; with that 1,000 are used to 0.78 or
# to 1.00: a bracket is as slow as the slowest of its trials, rung by rung
ENOUGH_LAG = 24


def explain_waiting(workers: int, lag: int | None) -> str:
    """Return a sentence on workers that wait for outcomes, empty where none has to.

    Args:
        workers: Trainings that could run at a time.
        lag: Of a proposer that learns, else None.
    """
    if lag is None or workers <= lag:
        return ""
    return (
        f"Of {workers} workers at most {lag} train at a time: a proposal learns from "
        f"the outcomes nas.search.learning_lag ({lag}) places before it. Set it to "
        f"{ENOUGH_LAG * workers}, {ENOUGH_LAG} times the workers, before the search "
        "begins, or nas.search.proposer: random"
    )


class DelayedProposer:
    """A proposer, and the outcomes it has not been told yet.

    Args:
        proposer: Chooses the architectures.
        lag: Places; None tells each outcome before the next proposal, and so gives up
            that a search is the same for any number of workers.
        limits: Largest costs of a proposal.
        stop_rule: Decides from the same outcomes whether there are more proposals; None
            never ends them.
        ancestry: Chooses from the same outcomes what a proposal is grown from; None
            gives all fresh weights.
    """

    def __init__(
        self,
        proposer: Proposer,
        *,
        lag: int | None,
        limits: Bounds,
        stop_rule: StopRule | None = None,
        ancestry: Ancestry | None = None,
    ) -> None:
        self._proposer, self._lag, self._limits = proposer, lag, limits
        self._stop_rule = stop_rule or StopRule()
        self._ancestry = ancestry or Ancestry()
        self._held: dict[int, ProposalOutcome[Architecture]] = {}
        self._order: list[int] = []  # a heap of the places of what is held
        self._recorded: Architecture | None = None
        self._is_promotion = False
        self._spare: Architecture | None = None  # proposed, but not handed out
        self._is_exhausted = False

    @property
    def learns(self) -> bool:
        """Whether proposals, their weights, or their end depend on outcomes."""
        waits = self._stop_rule.waits or self._ancestry.is_on
        return self._proposer.learns or waits

    @property
    def is_recorded(self) -> bool:
        """Whether the ledger says what comes next, so that nothing is waited for."""
        return self._recorded is not None or self._is_promotion

    def needs_places_before(self, position: int) -> int:
        """Return how many of the first places must have ended for a proposal.

        Args:
            position: Of the proposal's place in the schedule, from 0.
        """
        if self._lag is None or not self.learns:
            return 0
        return max(0, position - self._lag + 1)

    def hold(self, position: int, outcome: ProposalOutcome[Architecture]) -> None:
        """Keep an outcome until its place is far enough behind.

        One that nothing will be learned from is not kept.
        """
        if self.learns:
            self._held[position] = outcome
            heapq.heappush(self._order, position)

    def expect(
        self, recorded: Architecture | None, *, is_promotion: bool = False
    ) -> None:
        """Set the next proposal, from the ledger of an earlier session.

        Args:
            recorded: What was proposed; None proposes anew.
            is_promotion: Whether a trial was promoted instead: the next proposal is
                none, whatever the rules of this session.
        """
        self._recorded, self._is_promotion = recorded, is_promotion

    def ask(self, position: int) -> Architecture | None:
        """Return the architecture of a place, None if there are no more."""
        due = self.needs_places_before(position) if self._lag is not None else None
        while self._order and (due is None or self._order[0] < due):
            outcome = self._held.pop(heapq.heappop(self._order))
            self._proposer.tell(outcome)
            self._stop_rule.add(outcome)
            self._ancestry.add(outcome)
        if self._recorded is None:
            return None if self._stop_rule.reason() else self._propose()
        recorded, self._recorded = self._recorded, None
        if self._spare is None or recorded.key != self._spare.key:
            self._proposer.repeat(recorded)
        self._spare = None
        return recorded

    def ancestor_of(self, architecture: Architecture) -> Ancestor | None:
        """Return what the proposal just made is grown from, None for fresh weights."""
        return self._ancestry.choose(architecture)

    def _propose(self) -> Architecture | None:
        """Return a new network; keep it where a stop rule of then let none follow."""
        proposed = self._spare or self._proposer.ask(self._limits)
        self._is_exhausted = proposed is None
        self._spare = proposed if self._is_promotion else None
        return None if self._is_promotion else proposed

    def ended_by(self) -> ProposalsEnd | None:
        """Return why there are no more proposals, None if there may be."""
        return self._stop_rule.reason() or (
            "space exhausted" if self._is_exhausted else None
        )

    def is_over(self) -> bool:
        """Return whether it is known that the next proposal is none."""
        if self._recorded is not None:
            return False
        return self._is_promotion or self.ended_by() is not None
