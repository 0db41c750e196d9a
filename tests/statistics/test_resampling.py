"""Intervals and tests from resamples agree with the formulas where there are any."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.errors import RankingError
from kedro_nas.statistics.image_pairs import compare_images
from kedro_nas.statistics.objectives import Objective
from kedro_nas.statistics.resampling import compare_resampled, resampled_mean

N = 400
RNG = np.random.default_rng(0)
LABELS = np.arange(N) % 2
FIRST = np.where(RNG.random(N) < 0.85, LABELS, 1 - LABELS)
SECOND = np.where(RNG.random(N) < 0.1, 1 - FIRST, FIRST)


def _resampled(decisions: np.ndarray) -> np.ndarray:
    return Objective("accuracy").resampled(LABELS, np.eye(2)[decisions])


def test_compare_resampled_agrees_with_the_formula_of_accuracy() -> None:
    """The bootstrap of a mean over images is McNemar's comparison, nearly."""
    found = compare_resampled(_resampled(FIRST), _resampled(SECOND), N)
    exact = compare_images(FIRST == LABELS, SECOND == LABELS, np.full(N, 1 / N))

    assert found.difference == pytest.approx(exact.difference, abs=1e-6)
    assert found.se == pytest.approx(exact.se, rel=0.2)
    assert found.p_value == pytest.approx(exact.p_value, abs=0.1)
    assert found.ci_low < found.difference < found.ci_high
    assert found.n == N


def test_compare_resampled_of_equal_networks_is_no_certainty() -> None:
    """Equal scores differ by nothing, and the interval is still no point."""
    found = compare_resampled(_resampled(FIRST), _resampled(FIRST), N)

    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert found.ci_low < 0 < found.ci_high


def test_resampled_mean_is_the_score_of_all_images_within_its_interval() -> None:
    """The mean of the resamples is not the score, which comes first."""
    found = resampled_mean([0.9, 0.5, 0.7], 100)

    assert found.mean == 0.9
    assert found.ci_low < 0.9 < found.ci_high <= 1
    assert found.n == 100


@pytest.mark.parametrize("scores", [[0.5, 0.5], [0.5, float("nan"), 0.5], [[0.5] * 3]])
def test_resampled_mean_of_too_little_is_refused(scores: list[float]) -> None:
    """One resample has no spread."""
    with pytest.raises(RankingError, match="two or more resamples"):
        resampled_mean(scores, 100)


def test_compare_resampled_of_other_resamples_is_refused() -> None:
    """Scores of an earlier version are no pairs with those of this one."""
    with pytest.raises(RankingError, match="4 and 3 scores"):
        compare_resampled([0.5] * 4, [0.5] * 3, 100)
