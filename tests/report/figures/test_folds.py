"""Scores fold by fold."""

from __future__ import annotations

from kedro_nas.report.figures.folds import draw_fold_scores
from kedro_nas.report.figures.theme import BASELINE, WINNER


def test_draw_fold_scores_has_a_line_per_fold_across_all_contestants(results):
    """Five folds are five lines through four contestants."""
    figure = draw_fold_scores(results.fold_scores, results.ranking)

    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [len(line.x) for line in lines] == [4] * 5


def test_draw_fold_scores_marks_means_in_the_colours_of_their_roles(results):
    """Winner and baseline have their colours, the mean its interval."""
    figure = draw_fold_scores(results.fold_scores, results.ranking)

    means = [trace for trace in figure.data if trace.mode == "markers"]
    assert len(means) == len(results.ranking)
    assert {trace.marker.color for trace in means} >= {BASELINE, WINNER}
    assert all(trace.error_y.array[0] > 0 for trace in means)
    assert sum(bool(trace.showlegend) for trace in means) == 1


def test_draw_fold_scores_without_completed_folds_says_so(results):
    """Folds that all failed leave a sentence."""
    failed = results.fold_scores.assign(status="failed")

    figure = draw_fold_scores(failed, results.ranking)

    assert "No fold was completed" in figure.layout.annotations[0].text


def test_draw_fold_scores_is_of_the_objective(results):
    """The axis names the score that the ranking is by."""
    figure = draw_fold_scores(
        results.fold_scores, results.ranking, objective="balanced_accuracy"
    )

    assert figure.layout.yaxis.title.text == "balanced accuracy"


def test_draw_fold_scores_names_the_floors_that_were_set(results):
    """A score that was cut by missed floors of recall is no plain accuracy."""
    figure = draw_fold_scores(
        results.fold_scores, results.ranking, recall_floors={"Shirt": 0.9}
    )

    assert figure.layout.yaxis.title.text == "accuracy with floors of recall"
