"""Scores of one set of predictions, each defined for unusual data too.

A held-out part may lack a class, and a network may never predict one: every score
here is computed over the classes that occur among the labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kedro_nas.errors import RankingError

# 15 bins as in Guo et al. (2017), so that the figure compares with the literature
CALIBRATION_BINS = 15


def score_predictions(labels: ArrayLike, probabilities: ArrayLike) -> dict[str, float]:
    """Score predicted probabilities against the true labels.

    Args:
        labels: Class ids, shape `(n,)`, integers in [0, n_classes).
        probabilities: Shape `(n, n_classes)`, rows sum to 1 (renormalised here, as
            float32 rows do so only nearly).

    Returns:
        `accuracy`, `balanced_accuracy` (mean recall), `macro_f1`, `log_loss` (nats)
        and `calibration_error`.

    Raises:
        RankingError: No rows, shapes that do not match, a label out of range, or a
            probability that is not a finite number.

    >>> scores = score_predictions([0, 1, 1], [[.9, .1], [.2, .8], [.6, .4]])
    >>> round(scores["accuracy"], 3), round(scores["balanced_accuracy"], 3)
    (0.667, 0.75)
    """
    # not above: a worker imports this file, and only folds need scikit-learn, 1.2 s
    from sklearn import metrics as sk

    truth, shares = check_predictions(labels, probabilities)
    predicted = shares.argmax(axis=1)
    present = np.unique(truth)
    average: dict[str, Any] = {
        "labels": present,
        "average": "macro",
        "zero_division": 0.0,
    }
    return {
        "accuracy": float(sk.accuracy_score(truth, predicted)),
        "balanced_accuracy": float(sk.recall_score(truth, predicted, **average)),
        "macro_f1": float(sk.f1_score(truth, predicted, **average)),
        "log_loss": float(
            sk.log_loss(truth, shares, labels=np.arange(shares.shape[1]))
        ),
        "calibration_error": calibration_error(truth, shares),
    }


def calibration_error(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Measure how far stated confidence lies from the share that is right.

    The expected calibration error: confidences of the predicted class in 15 equal
    bins, the gap between mean confidence and accuracy in each, weighted by rows.

    Args:
        labels: Class ids, shape `(n,)`.
        probabilities: Shape `(n, n_classes)`.

    Returns:
        A fraction in [0, 1]; 0 when the confidence is the share that is right.

    Source: Guo et al. (2017), On Calibration of Modern Neural Networks, eq. 3.

    >>> round(calibration_error([0, 1, 0, 0], [[.75, .25]] * 4), 3)
    0.0
    """
    truth, shares = check_predictions(labels, probabilities)
    confidence = shares.max(axis=1)
    right = shares.argmax(axis=1) == truth
    bins = np.ceil(confidence * CALIBRATION_BINS).astype(int)
    gaps = [
        abs(right[bins == number].mean() - confidence[bins == number].mean())
        * (bins == number).mean()
        for number in np.unique(bins)
    ]
    return float(sum(gaps))


def check_predictions(
    labels: ArrayLike, probabilities: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Check labels and probabilities; return them, the latter renormalised.

    Raises:
        RankingError: See `score_predictions`.
    """
    truth = np.asarray(labels)
    shares = np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 1 or shares.ndim != 2 or len(truth) != len(shares):
        raise RankingError(
            "cannot score the predictions",
            received=f"labels {truth.shape}, probabilities {shares.shape}",
            allowed="labels (n,) and probabilities (n, n_classes)",
        )
    if not len(truth):
        raise RankingError("cannot score the predictions", received="no rows")
    if (
        not np.isfinite(shares).all()
        or (shares < 0).any()
        or (shares.sum(1) <= 0).any()
    ):
        raise RankingError(
            "cannot score the predictions",
            received="probabilities that are not finite, or negative",
            remedy="The network diverged; lower its learning rate",
        )
    if truth.min() < 0 or truth.max() >= shares.shape[1]:
        raise RankingError(
            "cannot score the predictions",
            received=f"labels {truth.min()} to {truth.max()}",
            allowed=f"0 to {shares.shape[1] - 1}",
        )
    return truth.astype(np.int64), shares / shares.sum(axis=1, keepdims=True)
