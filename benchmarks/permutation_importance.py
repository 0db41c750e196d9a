"""Permutation importance of the report: our one call against scikit-learn's function.

CPU seconds of one fold of `report.importance`, of as many networks and choices as a
search of a night has, so that other work on the machine changes little.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from measurement.conclusion import RESULTS, conclude, new_parser, write_result
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from kedro_nas.report.importance import N_SHUFFLES, _shuffled_copies

SEED = 0
NETWORKS, CHOICES, HELD_OUT = 200, 30, 40
BAR = 3.0  # times scikit-learn's seconds over ours, for ours to be worth its lines


def main() -> int:
    """Time both, and write the result."""
    quick = new_parser(__doc__, quick="writes no result").parse_args().quick
    rng = np.random.default_rng(SEED)
    features = rng.integers(0, 4, (NETWORKS, CHOICES)).astype(float)
    scores = features[:, 0] + 0.3 * features[:, 1] + rng.normal(0, 0.5, NETWORKS)
    forest = RandomForestRegressor(60, min_samples_leaf=2, random_state=SEED)
    forest.fit(features[HELD_OUT:], scores[HELD_OUT:])
    rows, truth = features[:HELD_OUT], scores[:HELD_OUT]
    seconds = {}
    began = time.process_time()
    theirs = permutation_importance(
        forest,
        rows,
        truth,
        n_repeats=N_SHUFFLES,
        random_state=SEED,
        scoring="neg_mean_squared_error",
    )
    seconds["scikit_learn"] = time.process_time() - began
    began = time.process_time()
    predicted = forest.predict(_shuffled_copies(rows, rng).reshape(-1, CHOICES))
    errors = ((predicted.reshape(-1, HELD_OUT) - truth) ** 2).mean(axis=1)
    drops = (errors[1:] - errors[0]).reshape(CHOICES, N_SHUFFLES).mean(axis=1)
    seconds["ours"] = time.process_time() - began
    agree = float(np.corrcoef(drops, theirs.importances_mean)[0, 1])
    times = seconds["scikit_learn"] / seconds["ours"]
    result = {
        "networks": NETWORKS,
        "choices": CHOICES,
        "cpu_seconds": {name: round(value, 3) for name, value in seconds.items()},
        "times": round(times, 1),
        "correlation": round(agree, 3),
    }
    if not quick:
        write_result(RESULTS / "permutation_importance.json", result, seeds=[SEED])
    return conclude(
        f"permutation_importance: {times:.1f} times as fast as scikit-learn's (bar "
        f"{BAR}), correlation of the results {agree:.3f}"
        + ("" if times >= BAR else "; use scikit-learn's function"),
        passed=times >= BAR,
    )


if __name__ == "__main__":
    sys.exit(main())
