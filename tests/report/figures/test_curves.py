"""Learning curves and the history of the best score."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.report.figures.curves import (
    draw_learning_curves,
    draw_search_history,
    time_unit,
)


def test_draw_learning_curves_joins_the_rungs_of_the_winner(results):
    """The chosen network's curve runs through all its epochs."""
    key = results.best_architecture.key

    figure = draw_learning_curves(results.trials, key)

    chosen = next(trace for trace in figure.data if trace.name == "chosen")
    assert list(chosen.x) == list(range(1, 10))


@pytest.mark.parametrize("objective", ["accuracy", "balanced_accuracy"])
def test_draw_learning_curves_shows_what_was_maximised(results, objective):
    """Where classes are uneven the curves are those of balanced accuracy."""
    key = results.best_architecture.key
    rows = results.trials[results.trials["key"] == key]
    expected = [v for curve in rows[f"val_{objective}_by_epoch"] for v in curve]

    figure = draw_learning_curves(results.trials, key, objective)

    chosen = next(trace for trace in figure.data if trace.name == "chosen")
    assert sorted(chosen.y) == pytest.approx(sorted(expected), abs=1e-4)
    assert figure.layout.yaxis.title.text.endswith(objective.replace("_", " "))


def test_draw_learning_curves_names_the_floors_that_were_set(results):
    """A score that was cut by missed floors of recall is no plain accuracy."""
    key = results.best_architecture.key
    figure = draw_learning_curves(results.trials, key, "accuracy", {"Shirt": 0.9})

    title = figure.layout.yaxis.title.text
    assert title == "validation accuracy with floors of recall"


def test_draw_search_history_never_falls(results):
    """The best so far only rises."""
    search = results.finalists.search

    figure = draw_search_history(results.trials, search)

    best = next(trace for trace in figure.data if trace.name == "best so far")
    assert all(np.diff(best.y) >= 0)


def test_draw_search_history_of_one_score_has_distinct_ticks(results):
    """An axis as narrow as one score would read 73 % at each of its ticks."""
    figure = draw_search_history(results.trials.iloc[:1], results.finalists.search)
    low, high = figure.layout.yaxis.range

    assert high - low == pytest.approx(0.1)
    assert low < results.trials["score"].iloc[0] < high


def test_draw_search_history_of_an_empty_search_says_why(results):
    """Nothing scored is told in the middle of the figure."""
    figure = draw_search_history(results.trials.iloc[:0], results.finalists.search)

    assert "No trial ended in a score" in figure.layout.annotations[0].text


def test_draw_learning_curves_without_curves_says_so(results):
    """Trials that left no curve are told in the middle of the figure."""
    figure = draw_learning_curves(results.trials.iloc[:0], "key")

    assert "No trial left a learning curve" in figure.layout.annotations[0].text


def test_draw_search_history_shows_failed_trials_with_their_reason(results):
    """A failed trial is a cross at the lower edge, its reason over it."""
    trials = results.trials.copy()
    trials.loc[trials.index[:2], ["status", "reason"]] = ["failed", "<out of memory>"]

    figure = draw_search_history(trials, results.finalists.search)

    failed = next(trace for trace in figure.data if trace.name == "failed")
    assert len(failed.x) == (trials["status"] == "failed").sum()
    assert "&lt;out of memory&gt;" in failed.customdata


@pytest.mark.parametrize(
    ("seconds", "unit"), [(899, "seconds"), (900, "minutes"), (14_400, "hours")]
)
def test_time_unit_grows_with_the_duration(seconds, unit):
    """A quarter of an hour is told in minutes, four hours in hours."""
    assert time_unit(seconds)[0] == unit
