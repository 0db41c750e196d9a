"""Two networks on the same images: what is kept of them, and what it says."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from kedro_nas.errors import RankingError
from kedro_nas.statistics.image_pairs import (
    compare_images,
    image_weights,
    pack_right,
    unpack_right,
)

results = hnp.arrays(bool, st.integers(0, 200))
pairs = st.integers(2, 60).flatmap(
    lambda n: st.tuples(
        hnp.arrays(bool, n),
        hnp.arrays(bool, n),
        hnp.arrays(np.int32, n, elements=st.integers(0, 3)),
    )
)


@given(results)
def test_unpack_right_is_the_inverse_of_pack_right(right: np.ndarray) -> None:
    """Any results come back, in a sixth of their bytes as text."""
    text = pack_right(right)

    np.testing.assert_array_equal(unpack_right(text, len(right)), right)
    assert len(text) <= 4 * -(-len(right) // 24)


def test_unpack_right_of_other_images_is_refused() -> None:
    """Results of 20 images do not pass for those of 30."""
    with pytest.raises(RankingError, match="3 bytes for 30 images"):
        unpack_right(pack_right(np.ones(20, bool)), 30)


@given(pairs, st.sampled_from(["accuracy", "balanced_accuracy"]))
def test_image_weights_sum_to_one_and_give_the_score(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray], objective: str
) -> None:
    """The weighted mean of the results is accuracy, or the mean recall."""
    right, _, labels = drawn
    weights = image_weights(labels, objective)
    recalls = [right[labels == label].mean() for label in np.unique(labels)]
    expected = right.mean() if objective == "accuracy" else np.mean(recalls)

    assert weights.sum() == pytest.approx(1)
    assert (weights * right).sum() == pytest.approx(expected)


@given(pairs, st.sampled_from(["accuracy", "balanced_accuracy"]))
def test_compare_images_the_other_way_round_is_the_opposite(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray], objective: str
) -> None:
    """Difference and interval change their signs, and nothing else changes."""
    first, second, labels = drawn
    weights = image_weights(labels, objective)
    there = compare_images(first, second, weights)
    back = compare_images(second, first, weights)

    assert there.difference == pytest.approx(-back.difference)
    assert (there.ci_low, there.ci_high) == pytest.approx((-back.ci_high, -back.ci_low))
    assert there.t == pytest.approx(-back.t)
    assert there.p_value == pytest.approx(back.p_value)
    assert (there.se, there.n) == (pytest.approx(back.se), back.n)


@given(pairs)
def test_compare_images_is_mcnemars_test_in_its_normal_approximation(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Where b and c images tell them apart, z is (b - c) / sqrt(b + c - (b - c)^2/n).

    Source: Agresti (2013), Categorical Data Analysis, section 11.1.1.
    """
    first, second, _ = drawn
    n = len(first)
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    spread = b + c - (b - c) ** 2 / n
    found = compare_images(first, second, np.full(n, 1 / n))

    assert found.difference == pytest.approx((b - c) / n)
    # what is measured on all images alike has no error of its own
    expected = sqrt(spread / (n * (n - 1))) if spread > 1e-9 else 0.0
    assert found.se == pytest.approx(expected, abs=1e-9)


def test_compare_images_of_equal_results_is_a_tie_without_an_error() -> None:
    """Networks that are right on the same images tie, within what so few can show.

    None in 300 is at most three in 300 (the rule of three).
    """
    right = np.arange(300) < 210
    found = compare_images(right, right, np.full(300, 1 / 300))

    assert (found.difference, found.se, found.t, found.p_value) == (0.0, 0.0, 0.0, 1.0)
    assert found.ci_high == -found.ci_low
    assert 1 / 300 < found.ci_high < 3 / 300


@pytest.mark.parametrize("objective", ["accuracy", "balanced_accuracy"])
def test_compare_images_interval_covers_the_true_difference(objective: str) -> None:
    """In 1,000 draws of 500 images, 95 % intervals cover in 93 to 97 %.

    Classes of 3 to 1; two networks whose results depend on each other, 3 points apart.
    """
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [375, 125])
    weights = image_weights(labels, objective)
    covered = 0
    for _ in range(1000):
        hard = rng.random(500)
        first = hard < 0.80 + 0.1 * (rng.random(500) - 0.5)
        second = hard < 0.77 + 0.1 * (rng.random(500) - 0.5)
        found = compare_images(first, second, weights)
        covered += found.ci_low <= 0.03 <= found.ci_high

    assert stats.binom.cdf(covered, 1000, 0.93) > 0.025
    assert stats.binom.sf(covered, 1000, 0.97) > 0.025


def test_compare_images_of_equal_networks_raises_few_false_alarms() -> None:
    """At 5 % about one comparison in twenty calls equal networks different."""
    rng = np.random.default_rng(1)
    weights = np.full(400, 1 / 400)
    alarms = sum(
        compare_images(rng.random(400) < 0.8, rng.random(400) < 0.8, weights).p_value
        < 0.05
        for _ in range(1000)
    )

    assert 30 <= alarms <= 70


@pytest.mark.parametrize(
    ("first", "second", "n"), [(3, 4, 3), (3, 3, 4), (1, 1, 1), (0, 0, 0)]
)
def test_compare_images_of_others_or_too_few_is_refused(
    first: int, second: int, n: int
) -> None:
    """Arrays of other lengths are of other images; one image says nothing."""
    with pytest.raises(RankingError, match="at least two images, the same for both"):
        compare_images(np.ones(first), np.ones(second), np.ones(n))
