"""What a grown network gains from the weights of the smaller one it was grown from.

Parents are a plain and a residual network. Each is grown in five ways: wider, deeper,
with larger kernels, with a new attention, and wider and deeper at once. Parent, grown
child and the same child from fresh weights are trained on the training rows with the
same schedule, whose learning rate has hardly fallen at its end, as on a lower rung of a
search, and scored on the validation rows. Test rows are not read.

    python benchmarks/morphism.py [FILE ...] [--quick] [--epochs 9] [--seeds 0]

Bar: before its first step each child is within half a point of its parent, and it
reaches the score of the fresh start (mean of its last three epochs) in at most 60 % of
the epochs, mean over all pairs. A child that does not reach it counts in full.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # as a worker

import numpy as np
import pandas as pd
from measurement.conclusion import RESULTS, conclude, new_parser, write_result

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture, Recipe, Stage, Stem
from kedro_nas.training.tasks import Ancestor, Task
from kedro_nas.training.unit import Unit

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "data" / "01_raw" / "fashion_mnist_12k.parquet"
WIDTHS = (24, 48, 96)
PARENTS: Mapping[str, Mapping[str, Any]] = {
    "plain": {"block": "conv"},
    "residual": {"block": "residual", "options": (("pre_activation", False),)},
}
GROWTHS: Mapping[str, Mapping[str, Any]] = {
    "wider": {"factor": 1.5},
    "deeper": {"depth": 2},
    "larger kernels": {"kernel_size": 5},
    "attention": {"attention": "se"},
    "wider and deeper": {"factor": 1.5, "depth": 2},
}
SCHEDULE_FACTOR = 3  # epochs of the schedule over those trained: the rate hardly falls
SMOOTHING = 3  # epochs whose mean is a score, as in a search
START_BAR, SHARE_BAR = 0.005, 0.6


def main() -> int:
    """Measure, write the result, print the figure."""
    parser = new_parser(__doc__, quick="400 images, 2 epochs, two pairs; no result")
    parser.add_argument("files", nargs="*", type=Path, help="instead of the shipped")
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    given = parser.parse_args()
    epochs = 2 if given.quick else given.epochs
    parents = ["residual"] if given.quick else list(PARENTS)
    growths = ["wider", "deeper"] if given.quick else list(GROWTHS)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for file, seed in itertools.product(given.files or [SHIPPED], given.seeds):
            place = Path(folder) / f"{file.stem}-{seed}"
            place.mkdir()
            store = prepare(file, place, 400 if given.quick else None)
            for parent in parents:
                trainer = Trainer(store, place, parent, epochs, seed)
                label = {"file": file.stem, "seed": seed, "parent": parent}
                for growth in growths:
                    rows.append(label | {"growth": growth} | trainer.compare(growth))
                    show(rows[-1])
    return judge(rows, epochs, quick=given.quick)


def prepare(file: Path, folder: Path, max_images: int | None) -> ImageStore:
    """Prepare the images of a file."""
    options = DataPreparationOptions(max_images=max_images)
    store, _ = prepare_images(pd.read_parquet(file), options, seed=0, workspace=folder)
    return store


def network(store: ImageStore, parent: str, growth: Mapping[str, Any]) -> Architecture:
    """Make a parent, or a child of it."""
    changes = dict(growth)
    factor = changes.pop("factor", 1)
    widths = [round(factor * width) for width in WIDTHS]
    fields = {"depth": 1, "kernel_size": 3, **PARENTS[parent], **changes}
    stages = tuple(
        Stage(width=width, stride=1 if number == 0 else 2, **fields)
        for number, width in enumerate(widths)
    )
    return Architecture(
        input_shape=store.image_shape,
        n_classes=store.n_classes,
        stem=Stem(width=widths[0], kernel_size=3, stride=2),
        stages=stages,
        recipe=Recipe(augmentation="light"),
    )


class Trainer:
    """Trains a parent, and its children from its weights and from fresh ones."""

    def __init__(
        self, store: ImageStore, folder: Path, parent: str, epochs: int, seed: int
    ) -> None:
        self._store, self._folder, self._parent = store, folder, parent
        self._epochs, self._seed = epochs, derive_seed(seed, "morphism benchmark")
        self._small = network(store, parent, {})
        task = self._task(parent, self._small)
        unit = _unit(task)
        self._history = _scores(unit)
        self._ancestor = Ancestor(
            task_id=task.task_id,
            architecture=self._small,
            epochs=epochs,
            checkpoint=str(task.checkpoint),
        )

    def compare(self, growth: str) -> dict[str, Any]:
        """Train a child twice; give where it starts and how fast it is."""
        large = network(self._store, self._parent, GROWTHS[growth])
        name = f"{self._parent}-{growth}".replace(" ", "-")
        task = self._task(f"{name}-grown", large)
        grown = _unit(task.model_copy(update={"ancestor": self._ancestor}))
        val = self._store.rows("val")
        start = _accuracy(grown, self._store)
        curve = _scores(grown)
        cold = _scores(_unit(self._task(f"{name}-fresh", large)))
        wanted = mean(cold[-SMOOTHING:])
        reached = next((i for i, one in enumerate(curve, 1) if one >= wanted), None)
        return {
            "parent_accuracy": self._history[-1],
            "start_accuracy": round(start, 4),
            "fresh_score": round(wanted, 4),
            "grown_score": round(mean(curve[-SMOOTHING:]), 4),
            "epochs": self._epochs,
            "reached_in": reached,
            "validation_images": len(val),
        }

    def _task(self, name: str, architecture: Architecture) -> Task:
        return Task(
            task_id=name,
            architecture=architecture,
            store=str(self._store.path),
            rows="search",
            epochs=self._epochs,
            schedule_epochs=SCHEDULE_FACTOR * self._epochs,
            seed=self._seed,
            checkpoint=str(self._folder / f"{name}.npz"),
        )


def _unit(task: Task) -> Unit:
    return Unit(task, learner=None, deadline=None, on_epoch=lambda _: None)


def _scores(unit: Unit) -> list[float]:
    """Train to the end; give the validation accuracy after each epoch."""
    return [epoch.val_accuracy or 0.0 for epoch in unit.run().history]


def _accuracy(unit: Unit, store: ImageStore) -> float:
    """Return the accuracy on the validation rows before the first step."""
    rows = store.rows("val")
    positions = np.searchsorted(store.rows("dev"), rows).astype(np.int32)
    right = unit.learner.predict(positions).argmax(1) == store.labels[rows]
    return float(right.mean())


def show(row: Mapping[str, Any]) -> None:
    """Print a pair."""
    print(
        f"{row['file']}, seed {row['seed']}, {row['parent']}, {row['growth']}: parent "
        f"{row['parent_accuracy']:.4f}, start {row['start_accuracy']:.4f}, then "
        f"{row['grown_score']:.4f} against {row['fresh_score']:.4f} from fresh "
        f"weights, reached in {row['reached_in']} of {row['epochs']} epochs",
        flush=True,
    )


def judge(rows: list[dict[str, Any]], epochs: int, *, quick: bool) -> int:
    """Write what was measured, print the table and the figure."""
    shares = [(row["reached_in"] or row["epochs"]) / row["epochs"] for row in rows]
    lost = [max(0.0, r["parent_accuracy"] - r["start_accuracy"]) for r in rows]
    gains = [row["grown_score"] - row["fresh_score"] for row in rows]
    table = pd.DataFrame(
        {"growth": [row["growth"] for row in rows], "share": shares, "gain": gains}
    )
    print(table.groupby("growth").mean().round(3).to_string())
    passed = max(lost) <= START_BAR and mean(shares) <= SHARE_BAR
    found = {
        "epochs": epochs,
        "mean_share_of_epochs": round(mean(shares), 3),
        "largest_loss_at_start": round(max(lost), 4),
        "mean_gain": round(mean(gains), 4),
        "passed": passed,
        "rows": rows,
    }
    if not quick:
        seeds = {row["seed"] for row in rows}
        write_result(RESULTS / "morphism.json", found, seeds=seeds)
    return conclude(
        f"{len(rows)} grown networks: the score of a fresh start after "
        f"{100 * mean(shares):.0f} % of its epochs (bar {100 * SHARE_BAR:.0f}), at "
        f"most {100 * max(lost):.2f} points below the parent at the start",
        passed=passed or quick,
    )


if __name__ == "__main__":
    sys.exit(main())
