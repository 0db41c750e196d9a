"""Trials per hour against stock KerasTuner: same networks, epochs and data.

    python benchmarks/engine.py            # 3,000 and 10,000 images, half an hour
    python benchmarks/engine.py --quick    # a bracket of 3 networks on 300 images

All run the same Hyperband bracket: 9 networks for 1 epoch, 3 of them to 3, 1 to 9 (13
trials, 21 epochs). Each round runs ours with one worker, with two, and then stock,
which promotes what ours promoted: otherwise it would train networks of other sizes.

Stock is what a user writes: KerasTuner's `Hyperband` tuner over `compile` and `fit`,
its callbacks and files at their defaults, TensorFlow on all cores, batches as large as
ours. Its import of tensorboard is taken out, since TensorFlow 2.21 does not bring it.
It does not augment, does not settle batch norms and saves only its best epoch; ours
does all of this within its time, on one thread per worker.

Time counts from the first trial, without imports. The useful share is that of gradient
steps (with the settling of batch norms, which the ledger does not tell apart) in the
time workers were busy. Then the same 8 independent tasks are run by one worker and by
two, without the barriers of a bracket; not in the quick form.

Ends with status 1 below 1.6 times stock with one worker, 2.5 with two, a useful share
under 0.85 at 10,000 images, or two workers doing less than 1.8 times the work of one.
"""

from __future__ import annotations

import json
import os
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
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.search import search_architectures
from kedro_nas.seeds import generator
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.local import LocalPool

HERE = Path(__file__).parent
IMAGES = HERE.parent / "data" / "01_raw" / "fashion_mnist_12k.parquet"
SEED = 0
WORK = {"work of one": 1, "work of two": 2}
BARS = {"one worker": 1.6, "two workers": 2.5}
USEFUL_SHARE = 0.85
BUSY = ("build", "trace", "train", "validate", "checkpoint")
TWICE = 1.8  # times the work of one worker that two should do
TASKS = 8


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
    store, prepared = prepare_images(
        pd.concat(rows, ignore_index=True).drop_duplicates("image"),
        DataPreparationOptions(),
        seed=SEED,
        workspace=folder,
    )
    profile = prepared.to_json()
    profile["verdict"] |= {"mode": "normal", "n_repeats": 1}
    space = build_search_space(
        SearchSpaceOptions(), DatasetProfile.read(profile).facts, seed=SEED
    )
    rng = generator(SEED, "benchmark")
    drawn = [space.sample(rng) for _ in range(n_candidates - len(space.anchors))]
    fixed = space.model_copy(update={"anchors": (*space.anchors, *drawn)})
    (folder / "space.json").write_text(fixed.model_dump_json())
    (folder / "profile.json").write_text(json.dumps(profile))
    return store.path, folder / "space.json"


def run_ours(folder: Path, store: ImageStore, workers: int) -> dict[str, float]:
    """Run the bracket on our engine."""
    space = SearchSpace.model_validate_json((folder / "space.json").read_text())
    profile = DatasetProfile.read(json.loads((folder / "profile.json").read_text()))
    n, top = len(space.anchors), 9 if len(space.anchors) == 9 else 3
    workspace = folder / f"workspace-{workers}-{time.monotonic_ns()}"
    options = SearchOptions(
        max_trials=13 if n == 9 else 4,
        max_epochs=top,
        min_steps=1,
        slope_places=0,
        progress="off",
    )
    trials, result = search_architectures(
        store,
        space,
        profile,
        workspace,
        options,
        JobOptions(workers=workers),
        budget_s=None,
        seed=SEED,
    )
    ready = trials.loc[trials["rung"] == 0, "started_s"].min()
    if list(trials["status"]) != ["completed"] * len(trials):
        raise RuntimeError(trials[["trial_id", "status", "reason"]].to_string())
    trained = trials.groupby("key")["epochs"].max().to_dict()
    (folder / "epochs.json").write_text(json.dumps(trained))
    kinds = result.search.seconds_by_kind
    first = trials.nsmallest(workers, "started_s")
    import_s = first[["seconds_import", "seconds_wait"]].sum(axis=1).mean()
    busy = sum(kinds[kind] for kind in BUSY)
    return {
        "seconds": float(trials["ended_s"].max() - ready - import_s),
        "trials": len(trials),
        "epochs": int((trials["epochs"] - trials["epoch_start"]).sum()),
        "useful_share": kinds["train"] / busy,
        **{f"share_{kind}": kinds[kind] / busy for kind in BUSY},
    }


def run_stock(folder: Path, store: ImageStore) -> dict[str, float]:
    """Run the bracket on stock KerasTuner, promoting what ours promoted."""
    import keras
    import keras_tuner

    from kedro_nas.models.build import build_model

    space = SearchSpace.model_validate_json((folder / "space.json").read_text())
    candidates = space.anchors
    epochs = json.loads((folder / "epochs.json").read_text())
    numbers: dict[int, int] = {}  # candidates in the order in which stock draws them
    trained: list[int] = []
    train, val = store.rows("train"), store.rows("val")
    data = [np.asarray(store.pixels[rows], np.float32) for rows in (train, val)]
    labels = [store.labels[rows] for rows in (train, val)]

    def build(hp: Any) -> Any:
        drawn = hp.Int("drawn", 0, 10**9)
        number = numbers.setdefault(drawn, len(numbers)) % len(candidates)
        architecture = candidates[number]
        model = build_model(architecture, seed=SEED)
        model.compile(
            keras.optimizers.AdamW(architecture.recipe.learning_rate),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        model.epochs_in_ours = epochs[architecture.key]
        return model

    class Promotions(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            trained.append(epoch)
            logs["val_promoted"] = float(self.model.epochs_in_ours)

    class Stock(keras_tuner.Hyperband):  # type: ignore[misc]
        def _configure_tensorboard_dir(self, *_: Any, **__: Any) -> None:
            """Leave out what TensorFlow 2.21 no longer brings."""

    directory = folder / f"stock-{time.monotonic_ns()}"
    tuner = Stock(
        build,
        objective=keras_tuner.Objective("val_promoted", "max"),
        max_epochs=9 if len(candidates) == 9 else 3,
        factor=3,
        seed=SEED + 1,
        directory=directory,
    )
    tuner.oracle.max_trials = 13 if len(candidates) == 9 else 4
    batch = candidates[0].recipe.batch_size  # the space has one for all
    began = time.monotonic()
    tuner.search(
        data[0],
        labels[0],
        validation_data=(data[1], labels[1]),
        batch_size=batch,
        callbacks=[Promotions()],
        verbose=0,
    )
    seconds = time.monotonic() - began
    n = len(tuner.oracle.trials)
    shutil.rmtree(directory)
    return {"seconds": seconds, "trials": n, "epochs": len(trained)}


def run_work(folder: Path, n_tasks: int, workers: int) -> dict[str, float]:
    """Run independent tasks, equal but for their seeds, on so many workers."""
    space = SearchSpace.model_validate_json((folder / "space.json").read_text())
    store = json.loads((folder / "store.json").read_text())

    def tasks(n: int, first_seed: int) -> list[Task]:
        return [
            Task(
                task_id=f"{first_seed + number}",
                architecture=space.anchors[0],
                store=store,
                rows="search",
                epochs=2,
                schedule_epochs=2,
                seed=first_seed + number,
            )
            for number in range(n)
        ]

    place = folder / f"work-{workers}-{time.monotonic_ns()}"
    pool = LocalPool(workers=workers, threads=1, log=place / "workers.log")
    options: dict[str, Any] = {"journal": place / "tasks.jsonl", "fingerprint": ""}
    run_tasks(pool, tasks(workers, 1000), **options)  # imports, first run of a graph
    began = time.monotonic()
    run_tasks(pool, tasks(n_tasks, 0), **options)
    seconds = time.monotonic() - began
    pool.close()
    return {"seconds": seconds, "trials": n_tasks, "epochs": 2 * n_tasks}


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
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
    )
    if done.returncode:
        raise RuntimeError(f"{engine}: {done.stderr[-3000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def compare(n_images: int, n_candidates: int, rounds: int) -> dict[str, Any]:
    """Alternate the engines, and take medians of the ratios."""
    full = n_candidates == 9
    engines = [*BARS, "stock", *(WORK if full else ())]
    runs: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, _ = prepare(folder, n_images, n_candidates)
        (folder / "store.json").write_text(json.dumps(str(store)))
        for _ in range(rounds):
            for engine in engines:
                figures = (
                    run_work(folder, TASKS, WORK[engine])
                    if engine in WORK
                    else measure(engine, folder)
                )
                runs[engine].append(figures)
                print(
                    f"{n_images:>7,} images  {engine:<12} {figures['trials']:>3.0f} "
                    f"trials  {figures['epochs']:>3.0f} epochs  "
                    f"{figures['seconds']:>7.1f} s  {shares(figures)}",
                    flush=True,
                )
    work = {(f["trials"], f["epochs"]) for e in ("stock", *BARS) for f in runs[e]}
    if len(work) > 1:
        raise RuntimeError(f"the engines did not do the same: {work}")
    return {
        "images": n_images,
        "ratios": {engine: ratio(runs, "stock", engine) for engine in BARS},
        "two_workers_to_one": ratio(runs, *WORK) if full else None,
        "useful_share": statistics.median(
            figures["useful_share"] for figures in runs["one worker"]
        ),
        "runs": runs,
    }


def ratio(runs: dict[str, list[dict[str, float]]], slow: str, fast: str) -> float:
    """Return how many times faster one is than the other, round by round."""
    pairs = zip(runs[slow], runs[fast], strict=True)
    return statistics.median(a["seconds"] / b["seconds"] for a, b in pairs)


def shares(figures: dict[str, float]) -> str:
    """Show what the busy time went to."""
    kinds = [key for key in figures if key.startswith("share_")]
    return ", ".join(f"{k.removeprefix('share_')} {figures[k]:.2f}" for k in kinds)


def missed(results: list[dict[str, Any]]) -> list[str]:
    """List what is short of its bar; what needs time to train at the largest size."""
    short = [
        f"{engine} {result['ratios'][engine]:.2f} < {bar} at {result['images']:,}"
        for result in results
        for engine, bar in BARS.items()
        if result["ratios"][engine] < bar
    ]
    last = results[-1]
    if last["useful_share"] < USEFUL_SHARE:
        short.append(f"useful share {last['useful_share']:.2f} < {USEFUL_SHARE}")
    if last["two_workers_to_one"] < TWICE:
        short.append(f"two workers {last['two_workers_to_one']:.2f} < {TWICE}")
    return short


def main() -> int:
    """Compare, write, and judge."""
    parser = new_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.folder)
        return 0
    sizes = [(300, 3)] if options.quick else [(3000, 9), (10_000, 9)]
    rounds = 1 if options.quick else options.rounds
    results = [compare(n, candidates, rounds) for n, candidates in sizes]
    short = [] if options.quick else missed(results)
    if not options.quick:
        record = {
            "results": results,
            "short_of_its_bar": short,
        }
        path = HERE / "results" / "engine.json"
        write_result(path, record, seeds=[SEED])
    last = results[-1]
    twice = last["two_workers_to_one"]
    return conclude(
        f"engine: {last['ratios']['one worker']:.2f} x stock with one worker, "
        f"{last['ratios']['two workers']:.2f} x with two, useful share "
        f"{last['useful_share']:.2f}, at {last['images']:,} images"
        + (f"; two workers {twice:.2f} x one" if twice else "; not judged")
        + (f"; SHORT: {', '.join(short)}" if short else ""),
        passed=not short,
    )


if __name__ == "__main__":
    sys.exit(main())
