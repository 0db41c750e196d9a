"""The statistics agree with published numbers and independent libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC

from kedro_nas.errors import RankingError
from kedro_nas.statistics.paired import (
    corrected_mean,
    corrected_t_test,
    mcnemar,
    wilson_interval,
)

# Newcombe (1998), Statistics in Medicine 17, table I, method 3
NEWCOMBE = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]

fractions = st.floats(0.0, 1.0, allow_nan=False)


def sklearn_corrected_ttest(differences, n_train, n_test):
    """Repeat the code of scikit-learn's example on comparing models (one-sided)."""
    kr = len(differences)
    corrected_var = np.var(differences, ddof=1) * (1 / kr + n_test / n_train)
    t_stat = np.mean(differences) / np.sqrt(corrected_var)
    return t_stat, stats.t.sf(np.abs(t_stat), kr - 1)


def test_corrected_t_test_on_scikit_learns_example_gives_its_published_values():
    """RBF against linear kernel on two moons: t = 0.750, one-sided p = 0.227."""
    x, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel, random_state=0), x, y, cv=folds,
                        scoring="roc_auc")
        for kernel in ("rbf", "linear")
    )  # fmt: skip

    test = corrected_t_test(rbf - linear, n_train=90, n_held_out=10)

    assert round(test.t, 3) == 0.750
    assert round(test.p_value / 2, 3) == 0.227


def test_corrected_t_test_agrees_with_scikit_learns_formula():
    """Statistic and p-value agree with an independent implementation to 1e-6."""
    differences = np.random.default_rng(0).normal(0.01, 0.02, 15)

    test = corrected_t_test(differences, n_train=800, n_held_out=200)

    t, one_sided = sklearn_corrected_ttest(differences, 800, 200)
    assert test.t == pytest.approx(t, abs=1e-6)
    assert test.p_value == pytest.approx(2 * one_sided, abs=1e-6)


def test_corrected_t_test_without_overlap_is_the_plain_paired_t_test():
    """With an infinite training part the correction vanishes, as in scipy's test."""
    first, second = np.random.default_rng(1).normal(0.9, 0.02, (2, 10))

    test = corrected_t_test(first - second, n_train=math.inf, n_held_out=200)

    plain = stats.ttest_rel(first, second)
    assert test.t == pytest.approx(plain.statistic, abs=1e-6)
    assert test.p_value == pytest.approx(plain.pvalue, abs=1e-6)


def test_corrected_t_test_when_all_folds_agree_is_not_certain():
    """One image in ten more on each of two folds is no proof of anything."""
    test = corrected_t_test([0.1, 0.1], n_train=10, n_held_out=10)

    assert 0.05 < test.p_value < 1


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, math.nan]])
def test_corrected_t_test_of_too_few_or_broken_folds_is_refused(differences):
    """Fewer than two folds, or a fold that is no number, cannot be compared."""
    with pytest.raises(RankingError, match="at least 2 finite"):
        corrected_t_test(differences, n_train=80, n_held_out=20)


@given(st.lists(fractions, min_size=2, max_size=15), fractions)
def test_corrected_mean_lies_in_its_interval_within_zero_and_one(scores, extra):
    """The interval holds the mean and never promises more than everything right."""
    mean = corrected_mean([*scores, extra], n_train=80, n_held_out=20)

    assert 0 <= mean.ci_low <= mean.mean + 1e-12
    assert mean.mean - 1e-12 <= mean.ci_high <= 1


def test_corrected_mean_of_one_fold_has_no_interval():
    """One fold has a score and nothing to say about its spread."""
    mean = corrected_mean([0.9], n_train=80, n_held_out=20)

    assert mean.mean == 0.9
    assert math.isnan(mean.se)


@pytest.mark.parametrize(("n_right", "n", "low", "high"), NEWCOMBE)
def test_wilson_interval_gives_newcombes_published_values(n_right, n, low, high):
    """The four examples of Newcombe (1998) come out as printed."""
    assert wilson_interval(n_right, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_interval_solves_its_quadratic(n_right, n):
    """Both ends are the shares whose score test is just rejected, to 1e-6."""
    n_right = min(n_right, n)
    z2, share = stats.norm.ppf(0.975) ** 2, n_right / n
    roots = np.roots([1 + z2 / n, -(2 * share + z2 / n), share**2])

    ends = wilson_interval(n_right, n)

    assert ends == pytest.approx(sorted(np.clip(roots.real, 0, 1)), abs=1e-6)


@pytest.mark.parametrize(("n_right", "n"), [(3, 2), (-1, 2), (0, 0)])
def test_wilson_interval_of_impossible_counts_is_refused(n_right, n):
    """More right than there are, or no images at all, is a mistake to be told."""
    with pytest.raises(RankingError, match="0 <= right <= n"):
        wilson_interval(n_right, n)


def test_mcnemar_agrees_with_the_binomial_distribution():
    """The p-value is twice the tail of a fair coin over the images that differ."""
    first = np.array([1] * 14 + [0] * 5 + [1] * 30, bool)
    second = np.array([0] * 14 + [1] * 5 + [1] * 30, bool)

    test = mcnemar(first, second)

    assert (test.only_first_right, test.only_second_right) == (14, 5)
    assert test.p_value == pytest.approx(2 * stats.binom.cdf(5, 19, 0.5), abs=1e-9)


def test_mcnemar_of_equal_decisions_says_nothing():
    """Classifiers right on the same images are not told apart."""
    assert mcnemar([1, 0, 1], [1, 0, 1]).p_value == 1.0


def test_mcnemar_of_different_images_is_refused():
    """Decisions on different numbers of images cannot be paired."""
    with pytest.raises(RankingError, match="same images"):
        mcnemar([1, 0], [1, 0, 1])
