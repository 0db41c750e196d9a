"""What a proposer has to know of a space, whatever its candidates are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from typing_extensions import Self

from kedro_nas.space.bounds import Bounds

CandidateT = TypeVar("CandidateT")


@dataclass(frozen=True)
class Description:
    """A candidate as numbers, of the same lengths for all candidates of a space.

    Attributes:
        codes: Choices without an order, each as the index of its value; -1 where the
            choice has no effect on this candidate.
        positions: Choices with an order, from 0 (least value) to 1 (largest); 0.5 where
            the choice has no effect on this candidate.
        costs: Known before training: logarithm of the multiply-adds, logarithm of the
            parameters, depth in layers.
    """

    codes: tuple[int, ...]
    positions: tuple[float, ...]
    costs: tuple[float, ...]


class CandidateSpace(Protocol[CandidateT]):
    """A space of candidates that can be drawn, changed and described."""

    @property
    def starts(self) -> Sequence[CandidateT]:
        """Candidates proposed before all others."""
        ...

    def within(self, limits: Bounds) -> Self:
        """Return the part of the space within limits."""
        ...

    def key(self, candidate: CandidateT) -> str:
        """Return a text that is equal for equal candidates only."""
        ...

    def describe(self, candidate: CandidateT) -> Description:
        """Return a candidate as numbers."""
        ...

    def sample(self, rng: np.random.Generator) -> CandidateT:
        """Draw a candidate within the limits."""
        ...

    def mutate(
        self, candidate: CandidateT, n_changes: int, rng: np.random.Generator
    ) -> CandidateT | None:
        """Change so many choices; None where the result exceeds the limits."""
        ...

    def list_all(self) -> Sequence[CandidateT] | None:
        """Return all candidates within the limits, None if there are too many."""
        ...
