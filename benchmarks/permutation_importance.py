"""Permutation importance of the report: our one call against scikit-learn's function.

CPU seconds of one fold of `report.importance`, of as many networks and choices as a
search of a night has, so that other work on the machine changes little.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from kedro_nas.environment import describe_environment
from kedro_nas.report.importance import N_SHUFFLES, _shuffled_copies

NETWORKS, CHOICES, HELD_OUT = 200, 30, 40
BAR = 3.0  # times scikit-learn's seconds over ours, for ours to be worth its lines


def main() -> None:
    """Time both, and write the result."""
    rng = np.random.default_rng(0)
    features = rng.integers(0, 4, (NETWORKS, CHOICES)).astype(float)
    scores = features[:, 0] + 0.3 * features[:, 1] + rng.normal(0, 0.5, NETWORKS)
    forest = RandomForestRegressor(60, min_samples_leaf=2, random_state=0)
    forest.fit(features[HELD_OUT:], scores[HELD_OUT:])
    rows, truth = features[:HELD_OUT], scores[:HELD_OUT]
    seconds = {}
    began = time.process_time()
    theirs = permutation_importance(
        forest,
        rows,
        truth,
        n_repeats=N_SHUFFLES,
        random_state=0,
        scoring="neg_mean_squared_error",
    )
    seconds["scikit_learn"] = time.process_time() - began
    began = time.process_time()
    predicted = forest.predict(_shuffled_copies(rows, rng).reshape(-1, CHOICES))
    errors = ((predicted.reshape(-1, HELD_OUT) - truth) ** 2).mean(axis=1)
    drops = (errors[1:] - errors[0]).reshape(CHOICES, N_SHUFFLES).mean(axis=1)
    seconds["ours"] = time.process_time() - began
    agree = float(np.corrcoef(drops, theirs.importances_mean)[0, 1])
    result = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "environment": describe_environment().model_dump(),
        "networks": NETWORKS,
        "choices": CHOICES,
        "cpu_seconds": {name: round(value, 3) for name, value in seconds.items()},
        "times": round(seconds["scikit_learn"] / seconds["ours"], 1),
        "correlation": round(agree, 3),
    }
    path = Path(__file__).parent / "results" / "permutation_importance.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    if result["times"] < BAR:
        raise SystemExit("scikit-learn's function is as good: use it")


if __name__ == "__main__":
    main()
