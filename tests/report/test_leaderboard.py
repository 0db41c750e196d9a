"""Intervals are drawn on one scale, inside it."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.report.leaderboard import Scale, leaderboard, optimism_sentence
from kedro_nas.report.leaderboard import test_intervals as draw_test_intervals


def test_leaderboard_draws_every_interval_inside_the_common_scale(results):
    """Ends and means lie between 0 and 100 percent, in order."""
    _, rows = leaderboard(results.ranking)

    for row in rows:
        interval = row["interval"]
        assert 0 <= interval.low <= interval.mean <= interval.high <= 100


def test_leaderboard_marks_winner_and_baseline(results):
    """Exactly one row is the winner and one the baseline."""
    _, rows = leaderboard(results.ranking)

    assert sorted(row["role"] for row in rows if row["role"]) == ["baseline", "winner"]


def test_scale_without_numbers_spans_everything():
    """Nothing measured still gives a scale to draw on."""
    scale = Scale.over([None, np.nan])

    assert (scale.low, scale.high) == (0.0, 1.0)
    assert scale.place(None, None, None) is None


def test_scale_of_a_mean_without_interval_is_a_point():
    """One fold has a mean and no ends."""
    point = Scale.over([0.5]).place(0.5, np.nan, np.nan)

    assert point.low == point.mean == point.high == pytest.approx(50)


def test_test_intervals_show_winner_and_baseline(results):
    """Both models of the test have a row, on one scale."""
    rows = draw_test_intervals(results.test_metrics)[1]

    assert [row.role for row in rows] == ["winner", "baseline"]
    assert rows[0].accuracy == results.test_metrics.accuracy


def test_optimism_sentence_follows_the_winner_to_the_test(results):
    """Search, folds and test are told in this order."""
    sentence = optimism_sentence(results.ranking, results.test_metrics)

    assert sentence.index("in the search") < sentence.index("folds")
    assert sentence.endswith("on the test images.")


def test_optimism_sentence_of_a_winner_the_search_did_not_score_is_empty(results):
    """A baseline that won has no search score to be optimistic about."""
    ranking = results.ranking.assign(search_score=np.nan)

    assert optimism_sentence(ranking, results.test_metrics) == ""


def test_optimism_sentence_compares_the_same_measure_on_the_test(results):
    """Where mean recall was searched for, the test is told in mean recall, too."""
    test_metrics = results.test_metrics.model_copy(
        update={"objective": "balanced_accuracy", "balanced_accuracy": 0.4321}
    )

    sentence = optimism_sentence(results.ranking, test_metrics)

    assert sentence.endswith("43.2\N{NO-BREAK SPACE}% on the test images.")
