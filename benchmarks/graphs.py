"""What fused batch norms and leaving out Grappler save on a CPU.

    python benchmarks/graphs.py            # nine networks of one epoch, three minutes
    python benchmarks/graphs.py --quick    # three networks, a few steps, 20 s

Trains the networks of benchmarks/engine.py on one thread for one epoch of 8,000 images
and scores them on 2,000, four ways in turn, in one process: as a worker does, with
Keras' own batch norms, with Grappler's rewriting, and with both. All give the same
training loss to three digits.

The figure is the time of building, training and validating with both, over a worker's;
ends with status 1 below 1.05, or when a loss differs. Writes
benchmarks/results/graphs.json.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
from engine import prepare
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.data.store import ImageStore
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training import learner
from kedro_nas.training.device import prepare_device
from kedro_nas.training.pixels import DevelopmentPixels

RESULTS = Path(__file__).parent / "results" / "graphs.json"
SEED = 0
BAR = 1.05
SAME = 0.01  # losses of one network may differ by so much: roundings, amplified
OURS, BEFORE = "as in a worker", "with both"
WAYS = {
    OURS: (True, False),
    "Keras' batch norms": (False, False),
    "with Grappler": (True, True),
    BEFORE: (False, True),
}
PARTS = ("build", "first step", "steps", "batch norms", "validate")


@contextlib.contextmanager
def way(*, fused: bool, grappler: bool) -> Iterator[None]:
    """Choose how graphs are made within the block."""
    options = {"disable_meta_optimizer": not grappler}
    tf.config.optimizer.set_experimental_options(options)
    if fused:
        yield
        return
    as_keras = mock.patch.object(
        learner, "fused_batch_norms", return_value=contextlib.nullcontext()
    )
    with as_keras:
        yield


def train(
    architecture: Architecture, store: ImageStore, pixels: Any, steps: int
) -> dict[str, float]:
    """Train one network; gives seconds by part, and the loss."""
    train_rows = pixels.positions(store.rows("train"))
    held_out = pixels.positions(store.rows("val"))
    batch = architecture.recipe.batch_size
    steps = min(steps, len(train_rows) // batch)
    order = np.random.default_rng(SEED).permutation(train_rows)
    rows = order[: steps * batch].reshape(steps, batch)
    rates = np.full((steps, 2), architecture.recipe.learning_rate / 3, np.float32)
    clock = [time.monotonic()]
    made = learner.Learner(
        architecture,
        pixels,
        mean=[72.0],
        std=[90.0],
        bn_momentum=0.9,
        class_weights=None,
        seed=SEED,
    )
    clock.append(time.monotonic())
    made.train_epoch(rows[:1], rates[:1], seed=SEED)
    clock.append(time.monotonic())
    loss = made.train_epoch(rows[1:], rates[1:], seed=SEED)
    clock.append(time.monotonic())
    made.estimate_batch_norm(order)
    clock.append(time.monotonic())
    made.predict(held_out)
    clock.append(time.monotonic())
    return dict(zip(PARTS, np.diff(clock).tolist(), strict=True)) | {"loss": loss}


def compare(n_networks: int, n_images: int, steps: int) -> dict[str, list[Any]]:
    """Train each network in all ways, in turn."""
    runs: dict[str, list[Any]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as name:
        path, space_file = prepare(Path(name), n_images, n_networks)
        store = ImageStore.open(path)
        pixels = DevelopmentPixels(store, max_resident_mb=1024)
        space = SearchSpace.model_validate_json(space_file.read_text())
        for number, architecture in enumerate(space.anchors[:n_networks]):
            # whoever comes first pays for cold caches: each does in its turn
            turn = number % len(WAYS)
            for chosen in [*WAYS, *WAYS][turn : turn + len(WAYS)]:
                fused, grappler = WAYS[chosen]
                with way(fused=fused, grappler=grappler):
                    runs[chosen].append(train(architecture, store, pixels, steps))
    return runs


def main() -> int:
    """Compare, write, and judge."""
    parser = new_parser(__doc__)
    quick = parser.parse_args().quick
    prepare_device(1)
    runs = compare(*((3, 1000, 12) if quick else (9, 10_000, 10_000)))
    print("seconds in all      " + "  ".join(f"{part:>11}" for part in (*PARTS, "all")))
    totals = {}
    for name, rows in runs.items():
        parts = [sum(row[part] for row in rows) for part in PARTS]
        totals[name] = sum(parts)
        cells = "  ".join(f"{seconds:>11.2f}" for seconds in (*parts, sum(parts)))
        print(f"{name:<20}{cells}")
    ratio = totals[BEFORE] / totals[OURS]
    losses = [[row["loss"] for row in rows] for rows in runs.values()]
    apart = float(np.ptp(losses, axis=0).max())
    if not quick:
        record = {
            "ratio": ratio,
            "loss_apart": apart,
            "runs": runs,
        }
        write_result(RESULTS, record, seeds=[SEED])
    passed = apart <= SAME and (quick or ratio >= BAR)
    return conclude(
        f"graphs: {ratio:.2f} x as fast without Keras' batch norms and Grappler "
        f"(bar {BAR}), losses {apart:.4f} apart" + ("; not judged" if quick else ""),
        passed=passed,
    )


if __name__ == "__main__":
    sys.exit(main())
