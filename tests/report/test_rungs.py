"""The rung table counts what happened, and warns where rungs disagree."""

from __future__ import annotations

from kedro_nas.report.rungs import (
    FailureCount,
    correlation_warning,
    failures,
    rung_rows,
)


def test_rung_rows_count_networks_and_promotions(results):
    """Those who went on from a rung are those who started in the next."""
    rows = rung_rows(results.trials, results.finalists.search.rank_correlation)

    assert [row.epochs for row in rows] == [1, 3, 9]
    assert rows[0].n == 36
    assert rows[0].n_promoted == rows[1].n
    assert rows[2].n_promoted == 0


def test_correlation_warning_names_only_weak_rungs(results):
    """A correlation of 0.35 is warned about, one of 0.62 is not."""
    rows = rung_rows(results.trials, results.finalists.search.rank_correlation)

    warning = correlation_warning(rows)

    assert "rung 1 of bracket 2 (τ = 0.35 over 11 networks)" in warning
    assert "rung 2" not in warning


def test_correlation_warning_without_correlations_is_silent(results):
    """Nothing measured, nothing warned."""
    assert correlation_warning(rung_rows(results.trials, ())) == ""


def test_failures_are_counted_by_reason_with_unknown_ones_named(results):
    """A failed trial without a reason is still counted."""
    trials = results.trials.assign(status="failed", reason=None)

    assert failures(trials) == [FailureCount("no reason given", len(trials))]


def test_rung_rows_without_a_score_have_no_best_and_no_median(results):
    """A rung on which everything failed is a row with gaps."""
    trials = results.trials.assign(status="failed", score=float("nan"))

    rows = rung_rows(trials, ())

    assert {(row.best, row.median, row.tau) for row in rows} == {(None, None, None)}
    assert [row.n_failed for row in rows] == [row.n for row in rows]


def test_rung_rows_count_trials_cut_off_by_the_budget(results):
    """A stopped trial is neither failed nor promoted."""
    trials = results.trials.copy()
    last = trials["rung"] == 2
    trials.loc[last, "status"] = "stopped"

    rows = rung_rows(trials, results.finalists.search.rank_correlation)

    assert [row.n_stopped for row in rows] == [0, 0, int(last.sum())]


def test_failures_list_the_commonest_reasons_first(results):
    """Of many reasons only the most frequent are shown."""
    trials = results.trials.iloc[:6].assign(
        status="failed", reason=["a", "b", "b", "c", "c", "c"]
    )

    assert failures(trials, limit=2) == [FailureCount("c", 3), FailureCount("b", 2)]
