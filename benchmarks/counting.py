"""Formulas against built models, over thousands of random architectures.

    python benchmarks/counting.py            # 2,000 networks, about 10 minutes
    python benchmarks/counting.py --quick    # 60 networks

Draws even samples of the widest preset over seven image shapes, builds each with Keras,
and compares parameters and the MACs of its traced graph with the formulas.

Ends with status 1 when a single number differs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import Any

import keras

from kedro_nas.environment import describe_environment
from kedro_nas.models.build import build_model
from kedro_nas.models.measure import count_graph_macs
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.seeds import generator
from kedro_nas.space.costs import costs

HERE = Path(__file__).parent
SEED = 0
SHAPES = (
    (8, 8, 1),
    (28, 28, 1),
    (32, 32, 3),
    (33, 21, 3),
    (1, 40, 2),
    (96, 96, 3),
    (224, 224, 3),
)


def compare(n_networks: int) -> list[dict[str, Any]]:
    """Compare so many networks; a row per shape."""
    rows = []
    for shape in SHAPES:
        verdict = {"n_train": 50_000, "augmentation": "as_searched"}
        profile = {
            "image_shape": shape,
            "class_names": [str(i) for i in range(10)],
            "verdict": verdict,
        }
        space = build_search_space(
            SearchSpaceOptions(preset="accuracy"), profile, seed=SEED
        )
        rng = generator(SEED, "counting", *shape)
        n = -(-n_networks // len(SHAPES))
        wrong, families, began = [], set(), time.monotonic()
        for i in range(n):
            architecture = space.sample(rng)
            families |= set(architecture.family.split("-"))
            expected = costs(architecture)
            model = build_model(architecture)
            found = (model.count_params(), count_graph_macs(model))
            if found != (expected.params, expected.macs):
                wrong.append((architecture.describe(), found, str(expected)))
            if i % 50 == 0:
                keras.backend.clear_session()
        seconds = time.monotonic() - began
        rows.append({"shape": shape, "n": n, "wrong": wrong, "seconds": seconds})
        size = "x".join(map(str, shape))
        print(
            f"{size:>11}  {n:>5} networks, {len(families)} kinds of block, "
            f"{len(wrong)} differ, {seconds:.0f} s",
            flush=True,
        )
        for line in wrong[:3]:
            print("   ", line)
    return rows


def main() -> int:
    """Compare, write, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rows = compare(60 if quick else 2000)
    n, wrong = sum(row["n"] for row in rows), sum(len(row["wrong"]) for row in rows)
    if not quick:
        record = {
            "date": dt.datetime.now(tz=dt.timezone.utc).date().isoformat(),
            "environment": describe_environment(),
            "seed": SEED,
            "rows": rows,
        }
        path = HERE / "results" / "counting.json"
        path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"counting: {n:,} networks built, {wrong} differ from the formulas")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
