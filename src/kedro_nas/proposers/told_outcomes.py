"""The outcomes that a proposer has been told, in little memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from kedro_nas.proposers.candidate_space import Description
from kedro_nas.proposers.fidelity import level_targets, target_of
from kedro_nas.proposers.outcome import ProposalOutcome

CandidateT = TypeVar("CandidateT")

# Candidates are kept of the best and of the newest outcomes, so many of each: with its
# description one takes 5 KB, and a search may have 100,000. The newest are enough for a
# process that is started again in the middle of a batch of proposals.
KEPT = 1_000


@dataclass(frozen=True)
class Kept(Generic[CandidateT]):
    """What is kept of an outcome that may be learned from.

    Attributes:
        candidate: What was scored.
        described: The same as numbers.
    """

    candidate: CandidateT
    described: Description


class ToldOutcomes(Generic[CandidateT]):
    """Keys, scores and epochs of all outcomes; candidates of the best and the newest.

    What is kept depends on the outcomes alone, not on when they are looked at, so that
    a process that is started again knows as much.

    Attributes:
        keys: Of the candidates, in the order in which the outcomes were told.
    """

    def __init__(self) -> None:
        self.keys: list[str] = []
        self._scores: list[float | None] = []
        self._epochs: list[int] = []
        self._kept: dict[int, Kept[CandidateT]] = {}  # in the order told

    def __len__(self) -> int:
        return len(self.keys)

    def add(
        self, key: str, outcome: ProposalOutcome[CandidateT], described: Description
    ) -> None:
        """Add the next outcome."""
        self._kept[len(self)] = Kept(outcome.architecture, described)
        self.keys.append(key)
        self._scores.append(outcome.score)
        self._epochs.append(outcome.epochs)

    def forget(self, also_kept: range) -> None:
        """Forget candidates, except for the best, the newest, and those of a range."""
        newest = len(self) - KEPT
        best = np.argsort(-self.targets(newest), kind="stable")[:KEPT].tolist()
        kept = {*best, *range(newest, len(self)), *also_kept}
        self._kept = {place: one for place, one in self._kept.items() if place in kept}

    def is_to_forget(self) -> bool:
        """Return whether it is time to forget candidates."""
        return len(self) % KEPT == 0 and len(self) > 2 * KEPT

    def kept(self, n: int) -> NDArray[np.intp]:
        """Return the places of the first outcomes whose candidates are kept."""
        return np.array([place for place in self._kept if place < n], dtype=np.intp)

    def described(self, places: Iterable[int]) -> list[Description]:
        """Return the candidates of kept outcomes as numbers."""
        return [self._kept[place].described for place in places]

    def has_score(self) -> bool:
        """Return whether any training has succeeded."""
        return any(score is not None for score in self._scores)

    def candidates(self, places: Iterable[int]) -> list[CandidateT]:
        """Return the candidates of kept outcomes, each once."""
        found: dict[str, CandidateT] = {}
        for place in places:
            found.setdefault(self.keys[place], self._kept[place].candidate)
        return list(found.values())

    def epochs(self, places: Iterable[int]) -> list[int]:
        """Return the epochs after which outcomes were scored."""
        return [self._epochs[place] for place in places]

    def most_epochs(self, n: int) -> int:
        """Return the most epochs of the first outcomes."""
        return max(self._epochs[:n])

    def targets(self, n: int) -> NDArray[np.float64]:
        """Return the targets of the first outcomes on one scale, shape `(n,)`.

        Failures count a standard deviation less than the worst score. They are left out
        of the gain by longer training, which one of them would make a loss.
        """
        scores = {
            place: score
            for place, score in enumerate(self._scores[:n])
            if score is not None
        }
        targets = np.zeros(n)
        if scores:
            levelled = level_targets(
                [self.keys[place] for place in scores],
                [self._epochs[place] for place in scores],
                [target_of(score) for score in scores.values()],
            )
            targets[:] = levelled.min() - levelled.std()
            targets[list(scores)] = levelled
        return targets
