"""Each figure shows what it is named after."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.accounting.time_spent import TimePart, TimeSpent
from kedro_nas.report.figures.bars import draw_time_spent
from kedro_nas.report.figures.confusion import draw_confusion_matrix
from kedro_nas.report.figures.curves import draw_learning_curves, draw_search_history
from kedro_nas.report.figures.folds import draw_fold_scores
from kedro_nas.report.figures.theme import BASELINE, OTHER, WINNER, colour_of


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


def test_draw_search_history_never_falls(results):
    """The best so far only rises."""
    search = results.finalists.search

    figure = draw_search_history(results.trials, search)

    best = next(trace for trace in figure.data if trace.name == "best so far")
    assert all(np.diff(best.y) >= 0)


def test_draw_search_history_of_an_empty_search_says_why(results):
    """Nothing scored is told in the middle of the figure."""
    figure = draw_search_history(results.trials.iloc[:0], results.finalists.search)

    assert "No trial ended in a score" in figure.layout.annotations[0].text


def test_draw_fold_scores_has_a_line_per_fold_across_all_contestants(results):
    """Five folds are five lines through four contestants."""
    figure = draw_fold_scores(results.fold_scores, results.ranking)

    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [len(line.x) for line in lines] == [4] * 5


@pytest.mark.parametrize(("n_classes", "has_numbers"), [(2, True), (40, False)])
def test_draw_confusion_matrix_writes_numbers_only_where_they_fit(
    results, n_classes, has_numbers
):
    """Few classes show counts, many only shades; equal cut names stay apart."""
    names = [f"{'x' * 30}{number}" for number in range(n_classes)]
    metrics = results.test_metrics.model_copy(
        update={
            "class_names": tuple(names),
            "confusion_matrix": np.eye(n_classes, dtype=int).tolist(),
        }
    )

    figure = draw_confusion_matrix(metrics)

    assert bool(figure.layout.annotations) == has_numbers
    assert len(set(figure.data[0].x)) == n_classes


def test_draw_time_spent_leaves_out_parts_that_took_no_time():
    """A bar per part with seconds, in the order of the stages."""
    parts = (TimePart("A", "one", 3.0, 0.75), TimePart("B", "two", 0.0, 0.0),
             TimePart("C", "three", 1.0, 0.25))  # fmt: skip

    figure = draw_time_spent(TimeSpent(parts, 4.0, None, ()))

    assert list(figure.data[0].x) == [3.0, 1.0]


def test_colour_of_a_winning_baseline_stays_the_baselines():
    """Roles have one colour each on the whole page."""
    assert colour_of(is_winner=True, is_baseline=True) == BASELINE
    assert colour_of(is_winner=True, is_baseline=False) == WINNER
    assert colour_of(is_winner=False, is_baseline=False) == OTHER
