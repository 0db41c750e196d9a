"""Trials per hour against stock KerasTuner: same networks, epochs and data.

    python benchmarks/engine.py            # 3,000 and 10,000 images, about 50 minutes
    python benchmarks/engine.py --quick    # a bracket of 3 networks on 600 images

Both run the same Hyperband bracket: 9 networks for 1 epoch, 3 go on to 3, 1 to 9 (13
trials). Stock is KerasTuner's `Hyperband` tuner over Keras' `fit`, with its import of
tensorboard taken out, since it cannot run beside TensorFlow 2.21 otherwise. The runs
alternate: stock, one worker, two workers, stock, ... Time counts from the first trial,
without the imports.

Ends with status 1 below 1.6 times stock with one worker, 2.5 with two, or a useful
share (gradient steps over busy time) under 0.85 at 10,000 images.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.environment import describe_environment
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.search.search import search_architectures
from kedro_nas.seeds import generator
from kedro_nas.space.search_space import SearchSpace

HERE = Path(__file__).parent
IMAGES = HERE.parent / "data" / "01_raw" / "fashion_mnist_12k.parquet"
SEED = 0
BARS = {"one worker": 1.6, "two workers": 2.5}
USEFUL_SHARE = 0.85


def prepare(folder: Path, n_images: int, n_candidates: int) -> tuple[Path, Path]:
    """Write a store of `n_images` training images and a space of fixed candidates."""
    table = pd.read_parquet(IMAGES)
    train = table[table["split"] == "train"].reset_index(drop=True)
    validation = table[table["split"] == "test"].assign(split="val")
    n_val = max(100, n_images // 5)
    rows = [
        train.groupby("label").head(-(-n_images // 10)),
        validation.groupby("label").head(-(-n_val // 10)),
        train.groupby("label").tail(5).assign(split="test"),  # never read here
    ]
    store, profile = prepare_images(
        pd.concat(rows, ignore_index=True).drop_duplicates("image"),
        DataPreparationOptions(),
        seed=SEED,
        workspace=folder,
    )
    profile["verdict"] |= {"mode": "normal", "n_repeats": 1}
    space = build_search_space(SearchSpaceOptions(), profile, seed=SEED)
    rng = generator(SEED, "benchmark")
    drawn = [space.sample(rng) for _ in range(n_candidates - len(space.anchors))]
    fixed = space.model_copy(update={"anchors": (*space.anchors, *drawn)})
    (folder / "space.json").write_text(fixed.model_dump_json())
    (folder / "profile.json").write_text(json.dumps(profile))
    return store.path, folder / "space.json"


def run_ours(folder: Path, store: ImageStore, workers: int) -> dict[str, float]:
    """Run the bracket on our engine."""
    space = json.loads((folder / "space.json").read_text())
    profile = json.loads((folder / "profile.json").read_text())
    n, top = len(space["anchors"]), 9 if len(space["anchors"]) == 9 else 3
    workspace = folder / f"workspace-{workers}-{time.monotonic_ns()}"
    options = SearchOptions(
        budget_s=None,
        max_trials=13 if n == 9 else 4,
        max_epochs=top,
        min_steps=1,
        workers=workers,
        slope_places=0,
        progress="off",
    )
    trials, finalists = search_architectures(
        store, space, profile, workspace, options, RankingOptions(), SEED
    )
    ready = trials.loc[trials["rung"] == 0, "started_s"].min()
    kinds = finalists["search"]["seconds_by_kind"]
    import_s = trials.nsmallest(workers, "started_s")["seconds_wait"].mean()
    busy = sum(seconds for kind, seconds in kinds.items() if kind != "wait")
    return {
        "seconds": float(trials["ended_s"].max() - ready - import_s),
        "trials": len(trials),
        "useful_share": kinds["train"] / busy,
        **{f"share_{kind}": kinds[kind] / busy for kind in kinds if kind != "wait"},
    }


def run_stock(folder: Path, store: ImageStore) -> dict[str, float]:
    """Run the bracket on stock KerasTuner, candidates by number."""
    import keras
    import keras_tuner

    from kedro_nas.models.build import build_model

    space = SearchSpace.model_validate_json((folder / "space.json").read_text())
    candidates = space.anchors
    train, val = store.rows("train"), store.rows("val")
    data = [np.asarray(store.pixels[rows], np.float32) for rows in (train, val)]
    labels = [store.labels[rows] for rows in (train, val)]

    def build(hp: Any) -> Any:
        architecture = candidates[hp.Int("candidate", 0, len(candidates) - 1)]
        model = build_model(architecture, seed=SEED)
        model.compile(
            keras.optimizers.AdamW(architecture.recipe.learning_rate),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    class Stock(keras_tuner.Hyperband):  # type: ignore[misc]
        def _configure_tensorboard_dir(self, *_: Any, **__: Any) -> None:
            """Leave out what TensorFlow 2.21 no longer brings."""

    directory = folder / f"stock-{time.monotonic_ns()}"
    tuner = Stock(
        build,
        objective="val_accuracy",
        max_epochs=9 if len(candidates) == 9 else 3,
        factor=3,
        seed=SEED + 1,
        directory=directory,
    )
    tuner.oracle.max_trials = 13 if len(candidates) == 9 else 4
    batch = candidates[0].recipe.batch_size
    began = time.monotonic()
    tuner.search(
        data[0],
        labels[0],
        validation_data=(data[1], labels[1]),
        batch_size=batch,
        verbose=0,
    )
    seconds = time.monotonic() - began
    n = len(tuner.oracle.trials)
    shutil.rmtree(directory)
    return {"seconds": seconds, "trials": n}


def child(engine: str, folder: Path) -> None:
    """Run one engine in this process and print its figures."""
    store = ImageStore.open(json.loads((folder / "store.json").read_text()))
    if engine == "stock":
        figures = run_stock(folder, store)
    else:
        figures = run_ours(folder, store, {"one worker": 1, "two workers": 2}[engine])
    sys.stdout.write("\n" + json.dumps(figures) + "\n")


def measure(engine: str, folder: Path) -> dict[str, float]:
    """Run one engine in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", engine, "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def compare(n_images: int, n_candidates: int, rounds: int) -> dict[str, Any]:
    """Alternate the engines, and take medians of the ratios."""
    engines = ["stock", *BARS]
    runs: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, _ = prepare(folder, n_images, n_candidates)
        (folder / "store.json").write_text(json.dumps(str(store)))
        for _ in range(rounds):
            for engine in engines:
                figures = measure(engine, folder)
                runs[engine].append(figures)
                print(
                    f"{n_images:>7,} images  {engine:<12} {figures['trials']:>3.0f} "
                    f"trials  {figures['seconds']:>7.1f} s  "
                    f"useful {figures.get('useful_share', float('nan')):.2f}",
                    flush=True,
                )
    ratios = {
        engine: statistics.median(
            (a["seconds"] / a["trials"]) / (b["seconds"] / b["trials"])
            for a, b in zip(runs["stock"], runs[engine], strict=True)
        )
        for engine in BARS
    }
    useful = statistics.median(r["useful_share"] for r in runs["one worker"])
    return {"images": n_images, "ratios": ratios, "useful_share": useful, "runs": runs}


def main() -> int:
    """Compare, write, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--child")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.folder)
        return 0
    sizes = [(600, 3)] if options.quick else [(3000, 9), (10_000, 9)]
    rounds = 1 if options.quick else options.rounds
    results = [compare(n, candidates, rounds) for n, candidates in sizes]
    short = [
        f"{engine} {result['ratios'][engine]:.2f} < {bar}"
        for result in results
        for engine, bar in BARS.items()
        if result["ratios"][engine] < bar and not options.quick
    ]
    if not options.quick and results[-1]["useful_share"] < USEFUL_SHARE:
        short.append(f"useful share {results[-1]['useful_share']:.2f}")
    name = "engine_quick" if options.quick else "engine"
    record = {
        "date": dt.datetime.now(tz=dt.timezone.utc).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "environment": describe_environment(),
        "seed": SEED,
        "results": results,
        "short_of_its_bar": short,
    }
    path = HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")
    last = results[-1]
    print(
        f"engine: {last['ratios']['one worker']:.2f} x stock with one worker, "
        f"{last['ratios']['two workers']:.2f} x with two, useful share "
        f"{last['useful_share']:.2f} at {last['images']:,} images"
        + (f"; SHORT: {', '.join(short)}" if short else "")
    )
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
