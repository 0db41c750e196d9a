"""Formulas against built models, over thousands of random architectures.

    python benchmarks/counting.py            # 2,000 networks
    python benchmarks/counting.py --quick    # 35 networks, under a minute

Draws even samples of the widest preset over seven image shapes, builds each with Keras,
and compares its parameters, and the MACs of its traced graph, with the formulas. Both
must be equal to the last digit. The full run writes benchmarks/results/counting.json.

Ends with status 1 when a single number differs.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.models.build import build_model
from kedro_nas.models.measure import count_graph_macs
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.seeds import generator
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace

RESULTS = Path(__file__).parent / "results" / "counting.json"
SEED = 0
PRESET = "accuracy"
SHAPES = (
    (8, 8, 1),
    (28, 28, 1),
    (32, 32, 3),
    (33, 21, 3),
    (1, 40, 2),
    (96, 96, 3),
    (224, 224, 3),
)
HEADER = f"{'images':>11}  networks  kinds of stage  differ  seconds"


def compare(n_networks: int) -> list[dict[str, Any]]:
    """Compare so many networks; a row per shape."""
    print(HEADER)
    rows = []
    for shape in SHAPES:
        row = compare_at(shape, -(-n_networks // len(SHAPES)))
        rows.append(row)
        size = "x".join(map(str, shape))
        print(
            f"{size:>11}  {row['n']:>8}  {len(row['stages']):>14}  "
            f"{len(row['wrong']):>6}  {row['seconds']:>7.0f}",
            flush=True,
        )
        for line in row["wrong"][:3]:
            print("   ", line)
    return rows


def compare_at(shape: tuple[int, int, int], n: int) -> dict[str, Any]:
    """Compare n networks over images of one shape."""
    space = a_space(shape)
    rng = generator(SEED, "counting", *shape)
    wrong: list[dict[str, Any]] = []
    stages: dict[str, int] = {}
    began = time.monotonic()
    for i in range(n):
        architecture = space.sample(rng)
        for stage in architecture.stages:
            kind = f"{stage.block}, {stage.attention}"
            stages[kind] = stages.get(kind, 0) + 1
        expected = costs(architecture)
        model = build_model(architecture)
        built = {"params": model.count_params(), "macs": count_graph_macs(model)}
        formula = {"params": expected.params, "macs": expected.macs}
        if built != formula:
            wrong.append(
                {
                    "architecture": architecture.to_dict(),
                    "built": built,
                    "formula": formula,
                }
            )
        if i % 50 == 0:
            keras.backend.clear_session()
    return {
        "shape": shape,
        "n": n,
        "stages": dict(sorted(stages.items())),
        "wrong": wrong,
        "seconds": round(time.monotonic() - began, 1),
    }


def a_space(shape: tuple[int, int, int]) -> SearchSpace:
    """Return the widest preset over 50,000 images of a shape."""
    data = DataFacts(shape, 10, 50_000)
    return build_search_space(SearchSpaceOptions(preset=PRESET), data, seed=SEED)


def main() -> int:
    """Compare, write, and judge."""
    parser = new_parser(__doc__)
    quick = parser.parse_args().quick
    rows = compare(35 if quick else 2000)
    n, wrong = sum(row["n"] for row in rows), sum(len(row["wrong"]) for row in rows)
    if not quick:
        record = {
            "preset": PRESET,
            "networks": n,
            "differ": wrong,
            "rows": rows,
        }
        write_result(RESULTS, record, seeds=[SEED])
    return conclude(
        f"counting: {n:,} networks built, {wrong} differ from the formulas",
        passed=not wrong,
    )


if __name__ == "__main__":
    sys.exit(main())
