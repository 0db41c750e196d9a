"""Similarity of candidates: of their choices, their costs and their training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from kedro_nas.proposers.candidate_space import Description

Matrix = NDArray[np.float64]
COST_LENGTH = 1.5  # of the similarity of costs, in their standard deviations


@dataclass(frozen=True)
class CandidateRows:
    """Candidates as matrices with a row each.

    Attributes:
        codes: Choices without an order, shape `(n, n_words)`.
        positions: Choices with an order in [0, 1], shape `(n, n_numbers)`.
        costs: Standardised costs, shape `(n, n_costs)`.
        log_epochs: Logarithm of the epochs trained, shape `(n, 1)`.
    """

    codes: Matrix
    positions: Matrix
    costs: Matrix
    log_epochs: Matrix

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, kept: slice) -> CandidateRows:
        return CandidateRows(
            self.codes[kept],
            self.positions[kept],
            self.costs[kept],
            self.log_epochs[kept],
        )


class RowMaker:
    """Makes rows, with costs in units of their spread over a space.

    Args:
        reference: Random candidates of the space.
    """

    def __init__(self, reference: Sequence[Description]) -> None:
        costs = np.array([one.costs for one in reference], dtype=float)
        self._mean = costs.mean(axis=0)
        spread = costs.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)

    def rows(
        self, described: Sequence[Description], epochs: Sequence[int]
    ) -> CandidateRows:
        """Return the rows of candidates after numbers of epochs."""
        costs = np.array([one.costs for one in described], dtype=float)
        return CandidateRows(
            codes=np.array([one.codes for one in described], dtype=float),
            positions=np.array([one.positions for one in described], dtype=float),
            costs=(costs - self._mean) / self._spread,
            log_epochs=np.log(np.asarray(epochs, dtype=float))[:, None],
        )


@dataclass(frozen=True)
class Distances:
    """Distances between two sets of candidates, shape `(n, m)` each.

    Attributes:
        choices: Mean over the choices; 0 for equal values and 1 for different words.
        costs: Squared Euclidean, of standardised costs.
        log_epochs: Absolute, natural logarithm.
    """

    choices: Matrix
    costs: Matrix
    log_epochs: Matrix

    @classmethod
    def between(cls, rows: CandidateRows, others: CandidateRows) -> Distances:
        """Return the distances between all pairs."""
        n_words, n_numbers = rows.codes.shape[1], rows.positions.shape[1]
        n_choices = max(1, n_words + n_numbers)
        choices = np.zeros((len(rows), len(others)))
        if n_words:
            choices += cdist(rows.codes, others.codes, "hamming")
            choices *= n_words / n_choices
        if n_numbers:
            positions = rows.positions / n_choices, others.positions / n_choices
            choices += cdist(*positions, "cityblock")
        return cls(
            choices,
            cdist(rows.costs, others.costs, "sqeuclidean"),
            cdist(rows.log_epochs, others.log_epochs, "cityblock"),
        )


@dataclass(frozen=True)
class Kernel:
    """Covariance of the targets of two candidates, 1 for equal ones.

    A sum of two: candidates with similar choices, and candidates with similar costs,
    have similar scores. Both fade with the ratio of the epochs trained.

    Attributes:
        decay: Of the first, per unit of mean distance of the choices.
        cost_share: Share of the second, in [0, 1).
        noise: Variance of a score between two trainings of a candidate, relative to the
            variance between candidates.
        fading: With the absolute difference of the logarithm of the epochs.
    """

    decay: float
    cost_share: float
    noise: float
    fading: float

    def covariance(self, distances: Distances) -> Matrix:
        """Return the covariances, without noise."""
        by_choices = np.exp(-self.decay * distances.choices)
        if self.cost_share:
            by_costs = np.exp(-distances.costs / (2 * COST_LENGTH**2))
            by_choices += self.cost_share * (by_costs - by_choices)
        if distances.log_epochs.any():
            by_choices *= np.exp(-self.fading * distances.log_epochs)
        return by_choices
