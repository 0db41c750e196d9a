"""What each part of the recipe for few epochs is worth, on images it was not made for.

Candidate 0 and a network about twice its size are trained on the training rows of the
shipped Fashion-MNIST sample, and of any other Parquet file of `image`, `label`, `split`
that is named, and scored on the validation rows. Test rows are not read. With the same
seed each part is switched on alone (candidate 0 only), then all of them together:

* `mirrored border`: shifts continue the image as in a mirror, not with black;
* `whitened stem`: the first filters start from the patches' principal directions;
* `all`: both; then with predictions averaged over copies shifted by a pixel, and over
  their mirror images as well where the network loses little on mirrored images.

    python benchmarks/recipe.py [FILE ...] [--quick] [--epochs 12] [--seeds 0 1]

Bar: all parts together, averaged predictions included, gain at least half a point,
mean over files and networks, and no part alone costs more than half a point.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # as a worker

import numpy as np
import pandas as pd
from measurement.conclusion import RESULTS, conclude, new_parser, write_result

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.models.averaged_predictions import average_predictions, count_copies
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.training import augmentation
from kedro_nas.training.tasks import Task
from kedro_nas.training.unit import Unit

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "data" / "01_raw" / "fashion_mnist_12k.parquet"
WITHOUT, ALL = "without", "all"
# what is switched on: the mirrored border, the whitened stem
CONDITIONS = {
    WITHOUT: (False, False),
    "mirrored border": (True, False),
    "whitened stem": (False, True),
    ALL: (True, True),
}
SHIFTED, AVERAGED = "all, shifts averaged", "all, averaged"
BAR, MOST_LOST = 0.005, 0.005


def main() -> int:
    """Measure, write the result, print the figure."""
    parser = new_parser(__doc__, quick="1,000 images, 2 epochs; writes no result")
    parser.add_argument("files", nargs="*", type=Path, help="further images")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    given = parser.parse_args()
    epochs = 2 if given.quick else given.epochs
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        data = {}
        for file in (SHIPPED, *given.files):
            place = Path(folder) / file.stem
            place.mkdir()
            data[file.stem] = prepare(file, place, 1_000 if given.quick else None)
        names = ("candidate 0",) if given.quick else ("candidate 0", "larger")
        for name, seed, file in itertools.product(names, given.seeds, data):
            store, candidate_0 = data[file]
            larger = name == "larger"
            network = enlarged(candidate_0) if larger else candidate_0
            conditions = (WITHOUT, ALL) if larger else CONDITIONS
            label = {"file": file, "network": name, "seed": seed}
            rows.append(label | compare(store, network, conditions, epochs, seed))
            show(rows[-1])
            passed, figure = judge(rows, epochs, quick=given.quick)  # rows so far
    return conclude(figure, passed=passed)


def prepare(
    file: Path, folder: Path, max_images: int | None
) -> tuple[ImageStore, Architecture]:
    """Prepare the images of a file; give the store and candidate 0."""
    options = DataPreparationOptions(max_images=max_images)
    store, profile = prepare_images(
        pd.read_parquet(file), options, seed=0, workspace=folder
    )
    space = build_search_space(SearchSpaceOptions(preset="cpu"), profile.facts, seed=0)
    return store, space.anchors[0]


def enlarged(network: Architecture) -> Architecture:
    """Widen all stages by a third, the last to the double."""
    widths = [4 * stage.width // 3 for stage in network.stages]
    widths[-1] = 2 * network.stages[-1].width
    stages = tuple(
        stage.model_copy(update={"width": width})
        for stage, width in zip(network.stages, widths, strict=True)
    )
    stem = network.stem.model_copy(update={"width": 4 * network.stem.width // 3})
    return network.model_copy(update={"stem": stem, "stages": stages})


def compare(
    store: ImageStore,
    network: Architecture,
    conditions: Iterable[str],
    epochs: int,
    seed: int,
) -> dict[str, object]:
    """Train the network under each condition; give its validation accuracies."""
    val = store.rows("val")
    pixels, labels = np.asarray(store.pixels[val]), store.labels[val]
    accuracy: dict[str, float] = {}
    for name in conditions:
        mirrors, whitens = CONDITIONS[name]
        augmentation.MIRRORED = ("light",) if mirrors else ()
        task = Task(
            task_id=name,
            architecture=network,
            store=str(store.path),
            rows="search",
            epochs=epochs,
            schedule_epochs=epochs,
            seed=derive_seed(seed, "recipe benchmark"),
            whitened_stem=whitens,
            measures_flips=True,
        )
        unit = Unit(task, learner=None, deadline=None, on_epoch=lambda _: None)
        outcome = unit.run()
        accuracy[name] = outcome.history[-1].val_accuracy or 0.0
    effect = outcome.flip_effect
    flips = effect is not None and effect.allows_flips
    plain = unit.learner.model
    _, plain_s = predict(plain, pixels)
    for name, mirrors in ((SHIFTED, False), (AVERAGED, flips)):
        averaged = average_predictions(plain, shifts=True, flips=mirrors)
        found, averaged_s = predict(averaged, pixels)
        accuracy[name] = float(np.mean(found.argmax(1) == labels))
    return {
        "accuracy": {k: round(v, 4) for k, v in accuracy.items()},
        "copies": count_copies(shifts=True, flips=flips),
        "times_the_latency": round(averaged_s / plain_s, 2),
        "flip_effect": None if effect is None else effect.model_dump(),
        "allows_flips": flips,
    }


def predict(model: Any, pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Give probabilities and the seconds they took, the graph being there."""
    model.predict(pixels[:256], batch_size=256, verbose=0)
    began = time.monotonic()
    found = model.predict(pixels, batch_size=256, verbose=0)
    return found, time.monotonic() - began


def show(row: dict[str, Any]) -> None:
    base = row["accuracy"][WITHOUT]
    print(f"{row['file']}, {row['network']}, seed {row['seed']}: {base:.4f} without")
    for name, score in row["accuracy"].items():
        if name != WITHOUT:
            print(f"    {name:20} {score:.4f}  {100 * (score - base):+.2f}")
    effect = row["flip_effect"]
    print(
        f"    mirror images cost {100 * effect['drop']:.1f} +- "
        f"{100 * effect['standard_error']:.1f} points: flips "
        f"{'allowed' if row['allows_flips'] else 'refused'}; averaged answers take "
        f"{row['times_the_latency']} times as long",
        flush=True,
    )


def judge(rows: list[dict[str, Any]], epochs: int, *, quick: bool) -> tuple[bool, str]:
    """Write what was measured; return whether the bar is reached, and the figure."""
    gains = {
        name: [
            row["accuracy"][name] - row["accuracy"][WITHOUT]
            for row in rows
            if name in row["accuracy"]
        ]
        for name in rows[0]["accuracy"]
        if name != WITHOUT
    }
    means = {name: mean(values) for name, values in gains.items()}
    errors = {
        name: stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
        for name, values in gains.items()
    }
    passed = quick or (means[AVERAGED] >= BAR and min(means.values()) >= -MOST_LOST)
    result = {
        "epochs": epochs,
        "rows": rows,
        "mean_gain": {name: round(value, 4) for name, value in means.items()},
        "standard_error": {k: v and round(v, 4) for k, v in errors.items()},
        "bar": BAR,
        "passed": passed,
    }
    if not quick:
        seeds = {row["seed"] for row in rows}
        write_result(RESULTS / "recipe.json", result, seeds=seeds)
    words = ", ".join(f"{name} {100 * value:+.2f}" for name, value in means.items())
    verdict = "PASSED" if passed else "SHORT"
    return passed, f"{verdict}: points of accuracy gained: {words}"


if __name__ == "__main__":
    sys.exit(main())
