"""Networks that no other one beats in both score and cost (a Pareto front)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def is_on_front(cost: ArrayLike, score: ArrayLike) -> NDArray[np.bool_]:
    """Return whether each network is on the front of low cost and high score.

    It is, unless another one costs at most as much, scores at least as high, and is
    better in one of the two. Equal networks are all on it, or none of them is.

    Args:
        cost: Such as parameters, shape `(n,)`; of `nan` is never on the front.
        score: Shape `(n,)`; of `nan` is never on the front.

    >>> is_on_front([1, 2, 3, 3], [0.8, 0.7, 0.9, 0.9]).tolist()
    [True, False, True, True]
    """
    costs, scores = np.asarray(cost, float), np.asarray(score, float)
    found = np.zeros(len(costs), bool)
    known = np.flatnonzero(~(np.isnan(costs) | np.isnan(scores)))
    by_cost = known[np.lexsort((-scores[known], costs[known]))]
    best = (np.inf, -np.inf)  # cost and score of the last one on the front
    for place in by_cost:
        here = (costs[place], scores[place])
        if here[1] > best[1]:
            best = here
        found[place] = here == best
    return found


def longest_trainings(trials: pd.DataFrame) -> pd.DataFrame:
    """Return a row per scored architecture, that of its longest training.

    Args:
        trials: `nas.trials`: a row per architecture and rung.

    Returns:
        The rows, longest training first, then best score. `key` is unique.
    """
    scored = trials[trials["score"].notna() & (trials["status"] != "failed")]
    return scored.sort_values(
        ["epochs", "score"], ascending=False, kind="stable"
    ).drop_duplicates("key")
