"""A race: a few proven networks, all trained for the same number of epochs."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.stop_rule import ProposalsEnd
from kedro_nas.search.trial_schedule import NextTrial, Place
from kedro_nas.space.architecture import Architecture

# share of the seconds to plan with, as epochs are estimated from multiply-adds
CERTAIN = 0.8


def race_epochs(
    epoch_s: Sequence[float], *, seconds: float, workers: int, most: int
) -> int:
    """Return the epochs for which a race can train its networks, at least one.

    Each worker takes the next network when it is idle, so two long trainings and a
    short one take two workers as long as a long and the short one together.

    Args:
        epoch_s: Seconds of an epoch of each network on one worker, in the order in
            which they are trained.
        seconds: Wall seconds of the race.
        workers: Networks trained side by side.
        most: Epochs of a full training.

    >>> race_epochs([8, 8, 4], seconds=60, workers=2, most=30)
    4
    """
    busy_until_s = [0.0] * workers
    for one in epoch_s:
        heapq.heapreplace(busy_until_s, busy_until_s[0] + one)
    return max(1, min(most, int(CERTAIN * seconds / max(busy_until_s))))


class Race:
    """A schedule that trains each network once, in the order given.

    Args:
        networks: Networks to train; the first is completed even beyond the budget, so
            that there is a result.
        epochs: Of each.

    Attributes:
        recent_scores: Not used: nothing is promoted.
    """

    def __init__(self, networks: Sequence[Architecture], epochs: int) -> None:
        self._networks = list({one.key: one for one in networks}.values())
        self._epochs = epochs
        self._n_created = 0
        self.recent_scores: Callable[[str], list[float]] = lambda _: []

    def create(
        self,
        worker: str,
        *,
        recorded: Architecture | None = None,
        is_promotion: bool = False,
    ) -> NextTrial:
        """Return the trial of the next network, if one is left."""
        number = self._n_created
        if number == len(self._networks):
            return NextTrial("STOPPED")
        self._n_created += 1
        return NextTrial("RUNNING", f"{number}", self._networks[number])

    def end(self, trial_id: str, *, score: float | None, reason: str = "") -> None:
        """Do nothing: no trial depends on another."""

    def tell(self, trial_id: str, outcome: ProposalOutcome[Architecture]) -> None:
        """Do nothing: nothing is proposed."""

    def forget_complete(self) -> list[str]:
        """Forget nothing: a race has few trials."""
        return []

    def place(self, trial_id: str) -> Place:
        """Return the position of a trial: all are on one rung."""
        return Place(0, 0, 0, int(trial_id))

    def parent(self, trial_id: str) -> str | None:
        """Return None: there is no rung below."""
        return None

    def eliminated_by(self, trial_id: str) -> list[str]:
        """Return an empty list: no network is eliminated."""
        return []

    def rung_epochs(self, bracket: int, rung: int) -> int:
        """Return the epochs of the race."""
        return self._epochs

    def n_rungs(self, bracket: int) -> int:
        """Return 1."""
        return 1

    def proposals_ended_by(self) -> ProposalsEnd | None:
        """Return None: nothing is proposed."""
        return None

    def is_required(self, trial_id: str) -> bool:
        """Return whether a trial is the first."""
        return trial_id == "0"
