"""The common part of the built-in proposers: starts first, and nothing twice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import numpy as np

from kedro_nas.proposers.candidate_space import CandidateSpace
from kedro_nas.proposers.network_space import NetworkSpace
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.seeds import generator
from kedro_nas.space.bounds import Bounds
from kedro_nas.space.search_space import SearchSpace

CandidateT = TypeVar("CandidateT")
# A space counts as exhausted after so many draws in a row that repeat proposals.
REPEATS = 300


class UnrepeatedProposer(ABC, Generic[CandidateT]):
    """Propose the starts of a space, then candidates of a strategy, none twice.

    Args:
        space: The search space, or any other space of candidates.
        seed: Root seed.
    """

    learns: bool = True

    def __init__(
        self, space: SearchSpace | CandidateSpace[CandidateT], seed: int
    ) -> None:
        found: Any = NetworkSpace(space) if isinstance(space, SearchSpace) else space
        self._space: CandidateSpace[CandidateT] = found
        self._seed = seed
        self._limits: Bounds | None = None
        # keys: networks would take 20 times the memory
        self._proposed: set[str] = set()
        self._outcomes: list[ProposalOutcome[CandidateT]] = []  # in the order told
        self._n_starts = len({self._space.key(one) for one in self._space.starts})

    def ask(self, limits: Bounds) -> CandidateT | None:
        """Return the next candidate, None if the space is exhausted."""
        if limits != self._limits:
            self._space, self._limits = self._space.within(limits), limits
        candidate = self._next_start()
        if candidate is None:
            rng = generator(self._seed, "proposal", len(self._proposed))
            candidate = self._choose(rng)
        if candidate is not None:
            self.repeat(candidate)
        return candidate

    def repeat(self, architecture: CandidateT) -> None:
        """Count a candidate as the next proposal."""
        self._proposed.add(self._space.key(architecture))

    def tell(self, outcome: ProposalOutcome[CandidateT]) -> None:
        """Keep how a training of a proposal ended."""
        self._outcomes.append(outcome)

    @abstractmethod
    def _choose(self, rng: np.random.Generator) -> CandidateT | None:
        """Return a candidate not proposed before."""

    def _next_start(self) -> CandidateT | None:
        for start in self._space.starts:
            if self._is_new(start):
                return start
        return None

    def _is_new(self, candidate: CandidateT) -> bool:
        return self._space.key(candidate) not in self._proposed

    def _draw(self, rng: np.random.Generator) -> CandidateT | None:
        """Draw a candidate not proposed before, None if there is none left."""
        listed = self._space.list_all()
        if listed is not None:
            left = [candidate for candidate in listed if self._is_new(candidate)]
            return left[int(rng.integers(len(left)))] if left else None
        for _ in range(REPEATS):
            candidate = self._space.sample(rng)
            if self._is_new(candidate):
                return candidate
        return None
