"""Contestants are on one scale, and compared in what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.report.leaderboard import (
    Scale,
    compare_with_baseline,
    contestant_label,
    leaderboard_rows,
    optimism_sentence,
    rows_of_test,
)


def test_leaderboard_draws_every_interval_inside_the_common_scale(results):
    """Ends and means lie between 0 and 100 percent, in order."""
    _, rows = leaderboard_rows(results.ranking)

    for row in rows:
        interval = row.interval
        assert 0 <= interval.low <= interval.mean <= interval.high <= 100


def test_leaderboard_marks_winner_and_baseline(results):
    """Exactly one row is the winner and one the baseline."""
    _, rows = leaderboard_rows(results.ranking)

    assert sorted(row.role for row in rows if row.role) == ["baseline", "winner"]


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
    rows = rows_of_test(results.test_metrics)[1]

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


def compare(results, **changes):
    found = replace(results, **changes)
    return compare_with_baseline(found.test_metrics, found.ranking, found.fold_scores)


def test_compare_with_baseline_takes_sizes_and_seconds_from_where_they_are(results):
    """Parameters of the test metrics, MACs of the ranking, seconds of the folds."""
    rows = {what: (winner, baseline) for what, winner, baseline in compare(results)}

    assert rows["Parameters"][1] == "300,000"
    assert all("—" not in pair for pair in rows.values())
    assert "Latency of one image, median" not in rows


def test_compare_with_baseline_on_an_unread_test_is_empty(results):
    """No baseline on the test images, no table."""
    metrics = results.test_metrics.model_copy(update={"baseline": None})

    assert compare(results, test_metrics=metrics) == []


def test_compare_with_baseline_missing_from_the_ranking_shows_gaps(results):
    """A baseline that was scored but never ranked has dashes, not zeros."""
    ranking = results.ranking

    rows = compare(results, ranking=ranking[~ranking["is_baseline"]])

    assert (rows[5][0], rows[5][2]) == ("MACs per image", "—")


def test_contestant_label_is_short_and_names_the_baseline():
    """Page and figures call a contestant by the same few letters."""
    assert contestant_label(key="0123456789ab", is_baseline=False) == "012345"
    assert contestant_label(key="0123456789ab", is_baseline=True) == "baseline"


def test_leaderboard_row_without_completed_folds_has_no_interval(results):
    """A contestant whose folds all failed stays in the table."""
    ranking = results.ranking.assign(cv_mean=np.nan, ci_low=np.nan, ci_high=np.nan)

    _, rows = leaderboard_rows(ranking)

    assert [row.interval for row in rows] == [None] * len(ranking)


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=9),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_scale_places_whatever_it_was_made_over_between_0_and_100(values, interval):
    """No interval of the table reaches out of its cell."""
    low, mean, high = sorted(interval)
    place = Scale.over([*values, low, high]).place(mean, low, high)

    assert 0 <= place.low <= place.mean <= place.high <= 100


def test_rows_of_test_without_a_baseline_have_one_row(results):
    """A baseline that was not fitted has no row."""
    metrics = results.test_metrics.model_copy(update={"baseline": None})

    assert [row.label for row in rows_of_test(metrics)[1]] == ["chosen"]


def test_compare_with_baseline_measured_by_both_shows_latency(results):
    """A measure appears as soon as one of the two has it."""
    metrics = results.test_metrics.model_copy(update={"latency_s_p50": 0.002})

    rows = {what: (winner, other) for what, winner, other in compare(
        results, test_metrics=metrics
    )}  # fmt: skip

    assert rows["Latency of one image, median"][1] == "—"
    assert rows["Latency of one image, median"][0] != "—"
