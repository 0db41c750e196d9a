"""The standard error of scores, and how many validation images rung 0 needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WORST_VARIANCE = 0.25  # of a right or wrong prediction, at an accuracy of 0.5


def count_scored(labels: NDArray[np.integer], objective: str) -> float:
    """Return the effective number of images for a score's standard error.

    Balanced accuracy is a mean over classes, whose error is dominated by the rarest:
    with classes of n_k images its variance is that of accuracy on K^2 / sum(1 / n_k) of
    them.

    >>> count_scored(np.array([0] * 90 + [1] * 10), "accuracy")
    100.0
    >>> round(count_scored(np.array([0] * 90 + [1] * 10), "balanced_accuracy"), 1)
    36.0
    """
    if objective in ("accuracy", "log_loss"):  # means over images
        return float(len(labels))
    sizes = np.unique(labels, return_counts=True)[1]
    return float(len(sizes) ** 2 / np.sum(1 / sizes))


def validation_share(
    labels: NDArray[np.integer], objective: str, allowed: float | None
) -> float:
    """Return the share of validation images that keeps the standard error small.

    Args:
        labels: Of the validation rows.
        objective: Name of the objective; all but accuracy and log loss are means over
            classes, or taken for one.
        allowed: Largest standard error of a score in the worst case; None for all
            images.

    Returns:
        In (0, 1]. Reading this share of each class multiplies the variance by its
        inverse.

    >>> labels = np.arange(10_000) % 10
    >>> validation_share(labels, "accuracy", 0.01)  # 2,500 images
    0.25
    >>> validation_share(labels[:2000], "accuracy", 0.01)
    1.0
    """
    if allowed is None:
        return 1.0
    needed = WORST_VARIANCE / allowed**2
    return min(1.0, needed / count_scored(labels, objective))
