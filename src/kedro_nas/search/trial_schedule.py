"""The interface of schedules: Hyperband over a space, or a race of fixed networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.stop_rule import ProposalsEnd
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Ancestor


@dataclass(frozen=True)
class Place:
    """Position of a trial in the schedule, independent of the number of workers."""

    iteration: int
    bracket: int
    rung: int
    number: int

    @property
    def name(self) -> str:
        """Name whose sort order is that of the schedule within an iteration."""
        return f"i{self.iteration}-b{self.bracket}-r{self.rung}-n{self.number:03d}"


@dataclass(frozen=True)
class NextTrial:
    """The answer to a request for a trial.

    Attributes:
        status: `RUNNING` for a trial; `IDLE` when there may be one later, `STOPPED`
            when there will be none.
        trial_id: Id in the schedule; empty without a trial.
        architecture: Network to train; None without a trial.
        ancestor: The trained network whose function it starts with; None for fresh
            weights, and for a promotion, which goes on from its own.
    """

    status: Literal["RUNNING", "IDLE", "STOPPED"]
    trial_id: str = ""
    architecture: Architecture | None = None
    ancestor: Ancestor | None = None


class TrialSchedule(Protocol):
    """Decides what is trained next, and for how many epochs.

    Attributes:
        recent_scores: Returns the scores by epoch of a trial; set by the driver.
    """

    recent_scores: Callable[[str], list[float]]

    def create(
        self,
        worker: str,
        *,
        recorded: Architecture | None = None,
        is_promotion: bool = False,
    ) -> NextTrial:
        """Return the next trial, if there is one.

        Args:
            worker: Name of who asks.
            recorded: What an earlier session proposed here; None proposes anew.
            is_promotion: Whether an earlier session promoted a trial here.
        """
        ...

    def tell(self, trial_id: str, outcome: ProposalOutcome[Architecture]) -> None:
        """Pass the outcome of a trial on to what proposes networks, if anything."""
        ...

    def end(self, trial_id: str, *, score: float | None, reason: str = "") -> None:
        """End a trial with its score, or as failed when the score is None."""
        ...

    def forget_complete(self) -> list[str]:
        """Forget trials that nothing can follow any more, so that memory stays small.

        Returns:
            Names of their places; the other methods know them no longer.
        """
        ...

    def place(self, trial_id: str) -> Place:
        """Return the position of a trial in the schedule."""
        ...

    def parent(self, trial_id: str) -> str | None:
        """Return the trial of the rung below, None on rung 0."""
        ...

    def eliminated_by(self, trial_id: str) -> list[str]:
        """Return the trials that this trial's promotion has eliminated."""
        ...

    def rung_epochs(self, bracket: int, rung: int) -> int:
        """Return the cumulative epochs at the end of a rung."""
        ...

    def n_rungs(self, bracket: int) -> int:
        """Return the number of rungs of a bracket."""
        ...

    def proposals_ended_by(self) -> ProposalsEnd | None:
        """Return why no more networks are proposed, None if more would be."""
        ...

    def is_required(self, trial_id: str) -> bool:
        """Return whether a trial is completed even beyond the time budget."""
        ...
