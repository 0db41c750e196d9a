"""Scores of different numbers of epochs on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_ERROR = 1e-4  # a score of 1 on a few hundred images is no proof of a perfect one


def target_of(score: float) -> float:
    """Return the negative logarithm of the error, which spreads good scores apart.

    >>> round(target_of(0.9), 3), round(target_of(0.99), 3)
    (2.303, 4.605)
    """
    return -math.log(max(LEAST_ERROR, 1 - score))


def level_targets(
    keys: Sequence[str], epochs: Sequence[int], targets: Sequence[float]
) -> NDArray[np.float64]:
    """Remove the mean gain of longer trainings over shorter ones.

    The gain from one number of epochs to the next is the mean over the networks scored
    after both. The mean of all would be too large a gain, as only the better networks
    are trained for longer.

    Args:
        keys: Of the networks, one may occur after several numbers of epochs.
        epochs: Of each score.
        targets: Larger is better.

    Returns:
        Targets as after the most epochs, shape `(len(keys),)`.

    >>> level_targets(["a", "b", "a"], [1, 1, 3], [1.0, 0.5, 1.6]).round(1).tolist()
    [1.6, 1.1, 1.6]
    """
    values = np.asarray(targets, dtype=float)
    after = np.asarray(epochs)
    by_epochs = [
        {keys[int(place)]: values[place] for place in np.flatnonzero(after == level)}
        for level in np.unique(after)
    ]
    levelled = values.copy()
    gain = 0.0
    for number in range(len(by_epochs) - 2, -1, -1):
        shorter, longer = by_epochs[number], by_epochs[number + 1]
        both = [key for key in shorter if key in longer]
        if both:
            gain += float(np.mean([longer[key] - shorter[key] for key in both]))
        else:
            gain += float(np.mean([*longer.values()]) - np.mean([*shorter.values()]))
        levelled[after == np.unique(after)[number]] += gain
    return levelled
