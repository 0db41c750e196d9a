"""Protocol of proposers: ask for an architecture, tell how its training ended."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import Bounds


@runtime_checkable
class Proposer(Protocol):
    """Proposes architectures; the same seed and outcomes give the same sequence.

    Every proposal fits the limits, and none is made twice. The i-th depends only on the
    seed, on i, and on earlier proposals and outcomes. A proposer keeps no state on
    disk: after an interruption the search repeats proposals and outcomes to it.

    Attributes:
        learns: Whether proposals depend on outcomes. If so, the search waits for those
            that a proposal may depend on.
    """

    learns: bool

    def ask(self, limits: Bounds) -> Architecture | None:
        """Return an architecture not proposed before; None if there is none left.

        Args:
            limits: Largest costs that the user allows and this machine can afford.
        """
        ...

    def repeat(self, architecture: Architecture) -> None:
        """Take the next proposal from the record of an earlier session.

        Args:
            architecture: What `ask` returned in its place. It is not chosen again, as
                another machine may round scores otherwise.
        """
        ...

    def tell(self, outcome: ProposalOutcome[Architecture]) -> None:
        """Learn how a training of a proposal ended, on any rung.

        Args:
            outcome: Outcomes come in the order of places in the schedule, not in that
                of their ends.
        """
        ...
