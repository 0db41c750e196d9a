"""Scores are right, and defined where data are unusual."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from kedro_nas.errors import RankingError
from kedro_nas.statistics.metrics import calibration_error, score_predictions


def draw(seed, n, n_classes):
    rng = np.random.default_rng(seed)
    return rng.integers(0, n_classes, n), rng.dirichlet(np.ones(n_classes), n)


@given(st.integers(0, 999), st.integers(1, 60), st.integers(2, 12))
def test_score_predictions_of_anything_gives_fractions(seed, n, n_classes):
    """Every score is finite and, but for the log loss, in [0, 1]."""
    scores = score_predictions(*draw(seed, n, n_classes))

    assert all(np.isfinite(value) for value in scores.values())
    assert all(0 <= scores[name] <= 1 for name in scores if name != "log_loss")


def test_score_predictions_agrees_with_scikit_learn():
    """With all classes present the scores are scikit-learn's own."""
    labels, probabilities = draw(0, 400, 5)
    predicted = probabilities.argmax(1)

    scores = score_predictions(labels, probabilities)

    assert scores["accuracy"] == sk.accuracy_score(labels, predicted)
    assert scores["balanced_accuracy"] == pytest.approx(
        sk.balanced_accuracy_score(labels, predicted)
    )
    assert scores["macro_f1"] == pytest.approx(
        sk.f1_score(labels, predicted, average="macro")
    )
    assert scores["log_loss"] == pytest.approx(sk.log_loss(labels, probabilities))


def test_score_predictions_of_a_part_without_a_class_is_perfect_when_all_are_right():
    """A class that does not occur among the labels costs nothing."""
    scores = score_predictions([0, 2, 2], np.eye(4)[[0, 2, 2]])

    assert scores["balanced_accuracy"] == 1.0
    assert scores["macro_f1"] == 1.0


def test_score_predictions_of_float32_rows_accepts_their_rounding():
    """Rows of a softmax sum to 1 only nearly, and are taken all the same."""
    labels, probabilities = draw(1, 500, 200)

    scores = score_predictions(labels, probabilities.astype(np.float32) * 1.0001)

    assert scores["accuracy"] == score_predictions(labels, probabilities)["accuracy"]


@pytest.mark.parametrize(
    ("labels", "probabilities", "said"),
    [
        ([], np.empty((0, 2)), "no rows"),
        ([0], [[0.5, 0.5], [0.5, 0.5]], "labels (n,)"),
        ([0], [[np.nan, 0.5]], "not finite"),
        ([2], [[0.5, 0.5]], "0 to 1"),
    ],
)
def test_score_predictions_of_unusable_input_says_what_is_wrong(
    labels, probabilities, said
):
    """Each unusable input ends in a message that names it."""
    with pytest.raises(RankingError) as raised:
        score_predictions(labels, probabilities)

    assert said in str(raised.value)


def test_calibration_error_of_confidence_that_is_wrong_is_the_gap():
    """Sure of everything and right half the time is an error of one half."""
    assert calibration_error([0, 1], [[1.0, 0.0], [1.0, 0.0]]) == pytest.approx(0.5)


def test_calibration_error_of_true_probabilities_vanishes():
    """Labels drawn from the stated probabilities leave only sampling noise."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), 40_000)
    labels = (shares.cumsum(1) < rng.random((len(shares), 1))).sum(1)

    assert calibration_error(labels, shares) < 0.01
