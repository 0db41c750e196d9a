"""A space small enough to score exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kedro_nas.proposers.candidate_space import Description
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.space.bounds import Bounds

Point = tuple[int, ...]
N_WORDS, N_VALUES = 6, 3  # 729 points
BEST: Point = (2, 1, 0, 2, 1, 0)


class Lattice:
    """Points of six choices of three values; the multiply-adds are their sum.

    Args:
        limits: Largest multiply-adds.
        starts: Points proposed first.
    """

    def __init__(
        self, limits: Bounds | None = None, starts: Sequence[Point] = ()
    ) -> None:
        self.starts = starts
        self._most = (limits or Bounds()).max_macs or 100

    def within(self, limits: Bounds) -> Lattice:
        return Lattice(limits, self.starts)

    def key(self, candidate: Point) -> str:
        return "".join(map(str, candidate))

    def describe(self, candidate: Point) -> Description:
        size = float(sum(candidate))
        return Description(candidate, (), (size, size, size))

    def sample(self, rng: np.random.Generator) -> Point:
        while True:
            drawn = tuple(rng.integers(N_VALUES, size=N_WORDS).tolist())
            if sum(drawn) <= self._most:
                return drawn

    def mutate(
        self, candidate: Point, n_changes: int, rng: np.random.Generator
    ) -> Point | None:
        values = list(candidate)
        for place in rng.permutation(N_WORDS)[:n_changes]:
            values[place] = (values[place] + int(rng.integers(1, N_VALUES))) % N_VALUES
        return tuple(values) if sum(values) <= self._most else None

    def list_all(self) -> list[Point] | None:
        return None


class FewPoints(Lattice):
    """The same with four points, listed."""

    def list_all(self) -> list[Point] | None:
        return [BEST, (0,) * N_WORDS, (1,) * N_WORDS, (2,) * N_WORDS]

    def within(self, limits: Bounds) -> FewPoints:
        return self


def score_of(point: Point) -> float:
    """Return the share of the best point's values, in [0.3, 0.9]."""
    same = sum(one == other for one, other in zip(point, BEST, strict=True))
    return 0.3 + 0.1 * same


def outcome_of(
    point: Point, *, score: float | None = None, epochs: int = 1
) -> ProposalOutcome[Point]:
    """Return the outcome of a point, with its own score if none is given."""
    return ProposalOutcome(
        point, score_of(point) if score is None else score, epochs=epochs
    )
