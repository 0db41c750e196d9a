"""Winner and baseline are compared in what was measured, and no more."""

from __future__ import annotations

from dataclasses import replace

from kedro_nas.report.versus import compare_with_baseline


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
