"""Random search: the anchors, then random draws without repetition."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.proposers.unrepeated import UnrepeatedProposer

CandidateT = TypeVar("CandidateT")


class RandomProposer(UnrepeatedProposer[CandidateT]):
    """Propose the anchors, then random candidates that fit, none twice.

    Args:
        space: The search space, or any other space of candidates.
        seed: Root seed.
    """

    learns: bool = False

    def tell(self, outcome: ProposalOutcome[CandidateT]) -> None:
        """Ignore the outcome: random search does not use it."""

    def _choose(self, rng: np.random.Generator) -> CandidateT | None:
        return self._draw(rng)
