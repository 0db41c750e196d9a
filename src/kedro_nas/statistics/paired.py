"""Statistics of paired folds and of counts, with corrected intervals.

Folds of one cross-validation share most of their training images, so their scores
are not independent and the usual t-test is overconfident. Every function here of folds
widens the variance by `n_held_out / n_train` (Nadeau and Bengio 2003).

SciPy is imported where it is used: workers import this file and need none of it, and it
takes 1 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, erfc, inf, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kedro_nas.errors import RankingError


@dataclass(frozen=True)
class FoldMean:
    """The mean of fold scores, with its standard error and interval.

    Attributes:
        mean: Mean over the folds.
        std: Standard deviation of the folds, `nan` for one fold.
        se: Corrected standard error of the mean, `nan` for one fold.
        ci_low: Lower end of the interval, at least 0.
        ci_high: Upper end of the interval, at most 1.
        n: Number of folds.
    """

    mean: float
    std: float
    se: float
    ci_low: float
    ci_high: float
    n: int


@dataclass(frozen=True)
class PairedTest:
    """Whether two contestants differ over the same folds.

    Attributes:
        difference: Mean of first minus second.
        se: Corrected standard error of the difference.
        ci_low: Lower end of the interval of the difference.
        ci_high: Upper end.
        t: The corrected t statistic.
        p_value: Two-sided: how often equal networks would differ by as much.
        n: Number of folds both completed.
    """

    difference: float
    se: float
    ci_low: float
    ci_high: float
    t: float
    p_value: float
    n: int


@dataclass(frozen=True)
class CountTest:
    """McNemar's test between two sets of decisions on the same images.

    Attributes:
        p_value: Two-sided and exact.
        only_first_right: Images only the first decided rightly.
        only_second_right: Images only the second decided rightly.
    """

    p_value: float
    only_first_right: int
    only_second_right: int


def corrected_t_test(
    differences: ArrayLike,
    *,
    n_train: float,
    n_held_out: float,
    confidence: float = 0.95,
) -> PairedTest:
    """Test whether two networks differ across cross-validation folds.

    Args:
        differences: Score of first minus second per fold, shape `(n_folds,)`.
        n_train: Images per training part.
        n_held_out: Images per held-out part.
        confidence: Coverage of the interval, in (0, 1).

    Returns:
        The test, with `n_folds - 1` degrees of freedom. Folds that agree exactly
        have the spread of a score's rounding error, so that two folds of ten
        images never count as certainty.

    Raises:
        RankingError: Fewer than two folds, or a difference that is not finite.

    Source: Nadeau & Bengio (2003), Inference for the Generalization Error, eq. 9.

    >>> test = corrected_t_test([.01, .02, .015, .01, .02], n_train=800, n_held_out=200)
    >>> round(test.t, 3), round(test.p_value, 4)
    (4.472, 0.0111)
    """
    from scipy import stats

    values = _folds(differences, minimum=2)
    mean = float(values.mean())
    # the rounding error of a share of n images is 1/n wide: variance 1/(12 n^2), twice
    resolution = 1 / (6 * n_held_out**2) if mean else 0.0
    se = _corrected_se(values, n_train, n_held_out, resolution)
    margin = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1)) * se
    t = mean / se if se else 0.0
    return PairedTest(
        difference=mean,
        se=se,
        ci_low=mean - margin,
        ci_high=mean + margin,
        t=t,
        p_value=float(2 * stats.t.sf(abs(t), len(values) - 1)),
        n=len(values),
    )


def normal_test(difference: float, se: float, *, reach: float, n: int) -> PairedTest:
    """Return the test of a difference that is normally distributed.

    Args:
        difference: Score of first minus second.
        se: Its standard error; 0 makes any difference certain.
        reach: Half the width of its interval.
        n: Number of images.

    >>> round(normal_test(0.02, 0.01, reach=0.0196, n=400).p_value, 4)
    0.0455
    """
    z = difference / se if se else (copysign(inf, difference) if difference else 0.0)
    return PairedTest(
        difference=difference,
        se=se,
        ci_low=difference - reach,
        ci_high=difference + reach,
        t=z,
        p_value=erfc(abs(z) / sqrt(2)),
        n=n,
    )


def corrected_mean(
    scores: ArrayLike, *, n_train: float, n_held_out: float, confidence: float = 0.95
) -> FoldMean:
    """Average fold scores, with the corrected standard error and interval.

    Args:
        scores: Scores per fold, shape `(n_folds,)`, fractions.
        n_train: Images per training part.
        n_held_out: Images per held-out part.
        confidence: Coverage of the interval, in (0, 1).

    Returns:
        The mean; one fold alone has a mean and no interval (`nan`).

    Raises:
        RankingError: No folds, or a score that is not finite.

    Source: Nadeau & Bengio (2003), Inference for the Generalization Error, eq. 9.

    >>> mean = corrected_mean([.88, .90, .89, .91, .90], n_train=800, n_held_out=200)
    >>> round(mean.mean, 3), round(mean.se, 4)
    (0.896, 0.0076)
    """
    from scipy import stats

    values = _folds(scores, minimum=1)
    mean = float(values.mean())
    if len(values) < 2:
        nan = float("nan")
        return FoldMean(mean, nan, nan, nan, nan, 1)
    resolution = 1 / (12 * n_held_out**2)
    se = _corrected_se(values, n_train, n_held_out, resolution)
    margin = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1)) * se
    low, high = max(0.0, mean - margin), min(1.0, mean + margin)
    return FoldMean(mean, float(values.std(ddof=1)), se, low, high, len(values))


def wilson_interval(
    n_right: int, n: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a share, valid also near 0 and 1.

    Args:
        n_right: Images decided rightly.
        n: Images in all, at least 1.
        confidence: Coverage, in (0, 1).

    Returns:
        Lower and upper end, fractions in [0, 1].

    Raises:
        RankingError: No images, or more right than there are.

    Source: Wilson (1927), as implemented by `scipy.stats.binomtest`.

    >>> low, high = wilson_interval(81, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)
    """
    from scipy import stats

    if not 0 <= n_right <= n or n < 1:
        raise RankingError(
            "cannot bound a share",
            received=f"{n_right} right of {n}",
            allowed="0 <= right <= n, n at least 1",
        )
    interval = stats.binomtest(int(n_right), int(n)).proportion_ci(confidence, "wilson")
    return float(interval.low), float(interval.high)


def mcnemar(first_right: ArrayLike, second_right: ArrayLike) -> CountTest:
    """Test whether two classifiers err equally often on the same images.

    Exact (binomial on the images that only one decides rightly) for any count, since
    it costs nothing and the chi-square form is wrong for few.

    Args:
        first_right: Shape `(n,)`, whether the first decided each image rightly.
        second_right: Whether the second did, in the same order.

    Returns:
        The test; p is 1 when no image separates the two.

    Raises:
        RankingError: Different numbers of images.

    Source: McNemar (1947); exact form in Dietterich (1998), section 3.1.

    >>> mcnemar([1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]).p_value
    0.0625
    """
    from scipy import stats

    first, second = np.asarray(first_right, bool), np.asarray(second_right, bool)
    if first.shape != second.shape:
        raise RankingError(
            "cannot compare two classifiers",
            received=f"{first.shape} and {second.shape} decisions",
            allowed="the same images in the same order",
        )
    only_first = int((first & ~second).sum())
    only_second = int((~first & second).sum())
    discordant = only_first + only_second
    p_value = stats.binomtest(only_first, discordant).pvalue if discordant else 1.0
    return CountTest(float(p_value), only_first, only_second)


def _folds(values: ArrayLike, *, minimum: int) -> NDArray[np.float64]:
    folds = np.asarray(values, dtype=np.float64)
    if folds.ndim != 1 or len(folds) < minimum or not np.isfinite(folds).all():
        raise RankingError(
            "cannot compute a statistic of folds",
            received=f"{folds.tolist()}",
            allowed=f"at least {minimum} finite score(s)",
        )
    return folds


def _corrected_se(
    folds: NDArray[np.float64], n_train: float, n_held_out: float, floor: float
) -> float:
    """Return the corrected standard error; `floor` is the variance of equal folds."""
    ratio = n_held_out / n_train if n_train else inf
    variance = float(folds.var(ddof=1))
    if variance < 1e-18:
        variance = floor
    return sqrt((1 / len(folds) + ratio) * variance)
