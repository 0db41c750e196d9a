"""Intervals and paired tests from a score on resampled images.

For scores that are no mean over images, such as F1 or an area under a curve, the spread
over resamples is the standard error.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from kedro_nas.errors import RankingError
from kedro_nas.statistics.paired import FoldMean, PairedTest, normal_test


def resampled_mean(scores: ArrayLike, n: int, *, confidence: float = 0.95) -> FoldMean:
    """Return a score with its interval.

    Args:
        scores: The score of the images as they are, then those of the resamples.
        n: Number of images.
        confidence: Of the interval, which is normal: with 200 resamples the quantiles
            of 2.5 % are five values from the end.

    Raises:
        RankingError: Fewer than two resamples, or a score that is not finite.

    >>> round(resampled_mean([0.8, 0.78, 0.82, 0.8, 0.8], 100).ci_low, 3)
    0.762
    """
    values = _resamples(scores)
    reach = _reach(values[1:], n, confidence)
    score, nan = float(values[0]), float("nan")
    low, high = max(0.0, score - reach), min(1.0, score + reach)
    return FoldMean(score, nan, nan, low, high, n)


def compare_resampled(
    first: ArrayLike, second: ArrayLike, n: int, *, confidence: float = 0.95
) -> PairedTest:
    """Test whether the scores of two networks differ on the same resampled images.

    Args:
        first: Of the first network: the score of the images as they are, then those of
            the resamples.
        second: Of the second, on the same resamples.
        n: Number of images.
        confidence: Of the interval.

    Raises:
        RankingError: Different numbers of resamples, fewer than two, or a score that is
            not finite.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 6.

    >>> compare_resampled([0.8, 0.7, 0.9], [0.8, 0.7, 0.9], 100).p_value
    1.0
    """
    one, other = _resamples(first), _resamples(second)
    if one.shape != other.shape:
        raise RankingError(
            "two networks cannot be compared on resampled images",
            received=f"{len(one)} and {len(other)} scores",
            allowed="scores on the same resamples",
            remedy="Run the search stage again; what it has trained is kept",
        )
    pairs = one - other
    difference, se = float(pairs[0]), float(pairs[1:].std(ddof=1))
    reach = _reach(pairs[1:], n, confidence)
    return normal_test(difference, se, reach=reach, n=n)


def _reach(resampled: NDArray[np.float64], n: int, confidence: float) -> float:
    """Return half the interval; one image more keeps it from being a point."""
    spread = float(resampled.var(ddof=1)) + 1 / n**2
    return float(stats.norm.ppf(0.5 + confidence / 2)) * sqrt(spread)


def _resamples(scores: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(scores, np.float64)
    if values.ndim != 1 or len(values) < 3 or not np.isfinite(values).all():
        raise RankingError(
            "cannot compute a standard error from resampled images",
            received=f"scores of shape {values.shape}",
            allowed="a finite score and those of two or more resamples",
        )
    return values
