"""A Gaussian process that predicts scores from choices, costs and epochs.

Linear algebra is LAPACK's, by SciPy. scikit-learn's `GaussianProcessRegressor` computes
kernel and Cholesky factor twice in `fit`: with 500 scores it took 32 to 41 ms to fit
and 11 to 15 ms to predict 200 candidates, which leaves nothing of the 50 ms a proposal
may take for making the candidates.

Source: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, chapters
2 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.special import ndtr

from kedro_nas.proposers.kernel import CandidateRows, Distances, Kernel, Matrix

Vector = NDArray[np.float64]

# The values among which the marginal likelihood chooses. They are far apart: with few
# scores a finer choice would fit their noise.
DECAYS = (0.5, 1.2, 3.2)
COST_SHARES = (0.0, 0.5, 0.9)
NOISES = (0.01, 0.05, 0.2, 0.6)
FADINGS = (0.1, 0.4, 1.0)
FIRST_GUESS = Kernel(decay=1.2, cost_share=0.5, noise=0.05, fading=0.4)
MOST_SWEEPS = 3  # over the four hyperparameters; they settle after one or two
# newest scores from which hyperparameters are chosen; more change none of them and take
# time in proportion to their cube
MOST_CHOSEN_FROM = 100


@dataclass(frozen=True)
class Prediction:
    """Predicted targets of candidates, standardised.

    Attributes:
        mean: Shape `(n,)`.
        covariance: Without noise, shape `(n, n)`.
    """

    mean: Vector
    covariance: Matrix

    def given(self, pending: int) -> Prediction:
        """Return the prediction once the last candidates are scored as predicted.

        Their scores change no mean then, but what is similar to them becomes less
        uncertain, and therefore less interesting.

        Args:
            pending: Number of candidates, at the end, that are in training.
        """
        if not pending:
            return self
        n = len(self.mean) - pending
        between = self.covariance[:n, n:]
        among = self.covariance[n:, n:] + 1e-6 * np.eye(pending)
        half = solve_triangular(cholesky(among, lower=True), between.T, lower=True)
        return Prediction(
            self.mean[:n], self.covariance[:n, :n] - np.asarray(half.T @ half)
        )

    def expected_improvement(self, incumbent: float) -> Vector:
        """Return how much candidates are expected to be better than the incumbent.

        Args:
            incumbent: Standardised target.
        """
        return _expected_improvement(self.mean, np.diag(self.covariance), incumbent)

    def choose_together(self, incumbent: float, count: int) -> list[int]:
        """Return the places of candidates that together promise most, best first.

        Each is chosen by expected improvement once those before it are scored as
        predicted, see `given`.

        Args:
            incumbent: Standardised target.
            count: Of candidates, at most.
        """
        count = min(count, len(self.mean))
        variance = np.diag(self.covariance).copy()
        half = np.zeros((count, len(self.mean)))  # rows of a Cholesky factor
        chosen: list[int] = []
        for row in range(count):
            values = _expected_improvement(self.mean, variance, incumbent)
            values[chosen] = -np.inf
            best = int(np.argmax(values))
            column = self.covariance[best] - half[:row, best] @ half[:row]
            half[row] = column / np.sqrt(max(variance[best], 0.0) + 1e-6)
            variance -= half[row] ** 2
            chosen.append(best)
        return chosen


def _expected_improvement(mean: Vector, variance: Vector, incumbent: float) -> Vector:
    """Return the expected improvement of normal distributions.

    Source: Jones, Schonlau and Welch (1998), equation 15.
    """
    deviation = np.sqrt(np.maximum(variance, 1e-12))
    z = (mean - incumbent) / deviation
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    improvement: Vector = deviation * (z * ndtr(z) + density)
    return improvement


class Surrogate:
    """The Gaussian process after some scores.

    Args:
        rows: Scored candidates; one that was scored after several numbers of epochs has
            several rows.
        targets: Their targets, on one scale (`fidelity.level_targets`), shape `(n,)`.
        kernel: Similarity of candidates, see `choose_kernel`.
    """

    def __init__(self, rows: CandidateRows, targets: Vector, kernel: Kernel) -> None:
        self._rows = rows
        self._targets = _standardise(targets)
        self._kernel = kernel
        self._factor, self._whitened = _factorise(
            kernel.covariance(Distances.between(rows, rows)),
            self._targets,
            kernel.noise,
        )
        self._variance = float(self._whitened @ self._whitened) / len(rows)

    def predict(self, rows: CandidateRows) -> Prediction:
        """Return the predicted, standardised targets of candidates."""
        to_scored = self._kernel.covariance(Distances.between(self._rows, rows))
        half = solve_triangular(self._factor, to_scored, lower=True)
        prior = self._kernel.covariance(Distances.between(rows, rows))
        return Prediction(
            half.T @ self._whitened, self._variance * (prior - half.T @ half)
        )

    def denoised(self) -> Vector:
        """Return the standardised targets of the scored candidates without noise."""
        weights = solve_triangular(self._factor.T, self._whitened, lower=False)
        return self._targets - self._kernel.noise * np.asarray(weights)


def choose_kernel(rows: CandidateRows, targets: Vector) -> Kernel:
    """Choose the kernel with the largest marginal likelihood, one value at a time.

    Args:
        rows: Scored candidates in the order in which their scores became known.
        targets: Their targets, shape `(n,)`.
    """
    newest = slice(-MOST_CHOSEN_FROM, None)
    rows, targets = rows[newest], targets[newest]
    targets = _standardise(targets)
    distances = Distances.between(rows, rows)
    grid = {"decay": DECAYS, "cost_share": COST_SHARES, "noise": NOISES}
    if distances.log_epochs.any():
        grid["fading"] = FADINGS
    kernel = FIRST_GUESS
    best = _log_likelihood(kernel, distances, targets)
    for _ in range(MOST_SWEEPS):
        before = kernel
        for name, values in grid.items():
            for value in values:
                other = replace(kernel, **{name: value})
                if other == kernel:
                    continue
                likelihood = _log_likelihood(other, distances, targets)
                if likelihood > best:
                    kernel, best = other, likelihood
        if kernel == before:
            break
    return kernel


def _standardise(targets: Vector) -> Vector:
    """Return targets of mean 0 and standard deviation 1; all 0 where they are equal."""
    spread = float(targets.std())
    standardised: Vector = (targets - targets.mean()) / (spread if spread > 0 else 1.0)
    return standardised


def _log_likelihood(kernel: Kernel, distances: Distances, targets: Vector) -> float:
    """Return the marginal likelihood with the best variance, up to a constant."""
    factor, whitened = _factorise(kernel.covariance(distances), targets, kernel.noise)
    variance = max(1e-12, float(whitened @ whitened) / len(targets))
    return -0.5 * len(targets) * float(np.log(variance)) - float(
        np.log(np.diag(factor)).sum()
    )


def _factorise(
    covariance: Matrix, targets: Vector, noise: float
) -> tuple[Matrix, Vector]:
    noisy = covariance + noise * np.eye(len(targets))
    factor = cholesky(noisy, lower=True)
    return factor, solve_triangular(factor, targets, lower=True)
