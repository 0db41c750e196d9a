"""What TrivialAugment is worth in a training that is longer than those of the search.

The final training replaces the shifts of `light` by TrivialAugment where it has epochs
enough (`kedro_nas.training.long_augmentation`). Here a residual network is trained by
both for the same seconds, side by side on one core each, on the training rows of the
shipped Fashion-MNIST sample, and of any other Parquet file of `image`, `label`, `split`
that is named. Scores are of validation rows, with the predictions averaged as in an
export; test rows are not read. Flips are added where the data allow them.

Rows are kept in benchmarks/results/long_augmentation.json and not run again.

    python benchmarks/long_augmentation.py [FILE ...] [--quick] [--seconds 300]
                                           [--seeds 1]

Bar: in trainings of `LONG_EPOCHS` or more TrivialAugment is not worse on average, and
not by more than a point on any data set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measurement.conclusion import RESULTS, conclude, new_parser, write_result

if TYPE_CHECKING:
    from kedro_nas.data.store import ImageStore
    from kedro_nas.records.profile import DatasetProfile

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "data" / "01_raw" / "fashion_mnist_12k.parquet"
FILE = RESULTS / "long_augmentation.json"
STRENGTHS = ("light", "trivial")
STEM_WIDTH = 48  # of the residual network, doubling with each halving of the map
WORST = -0.01
FOLDER = Path("workspace")  # of a training, in its process's folder


def main() -> int:
    """Run what is missing, write the rows, print the figure."""
    if "--one" in sys.argv:
        return train_one(*sys.argv[2:])
    parser = new_parser(__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, nargs="+", default=[300.0])
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    seconds = [12.0] if options.quick else options.seconds
    is_kept = FILE.exists() and not options.quick
    rows: list[dict[str, Any]] = json.loads(FILE.read_text())["rows"] if is_kept else []
    for length in seconds:
        for seed in range(options.seeds):
            for file in options.files or [SHIPPED]:
                known = [(r["data"], r["seconds"], r["seed"]) for r in rows]
                if (file.stem, length, seed) in known:
                    continue
                rows += compare(file.resolve(), length, seed)
                show(rows[-2:])
    return judge(rows, quick=options.quick)


def compare(file: Path, seconds: float, seed: int) -> list[dict[str, Any]]:
    """Train with both strengths at the same time, each on a core of its own."""
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for number, strength in enumerate(STRENGTHS):
            place = Path(folder) / strength
            place.mkdir()
            words = [strength, str(file), str(seconds), str(seed)]
            command = [sys.executable, __file__, "--one", *words]
            command.append(str(cores[number % len(cores)]))
            running.append(
                subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, text=True)
            )
        texts = [one.communicate()[0] for one in running]
    if any(one.returncode for one in running):
        raise SystemExit("a training failed: its message is above")
    return [json.loads(text.strip().splitlines()[-1]) for text in texts]


def train_one(strength: str, file: str, seconds: str, seed: str, core: str) -> int:
    """Train with one strength in this process's folder; print the row."""
    os.sched_setaffinity(0, {int(core)})
    import numpy as np
    import pandas as pd

    from kedro_nas.data.prepare import prepare_images
    from kedro_nas.export.evaluate import predict
    from kedro_nas.models.averaged_predictions import average_predictions
    from kedro_nas.parameters.data_preparation import DataPreparationOptions
    from kedro_nas.training.flip_choice import measure_flip_effect, with_flips

    store, profile = prepare_images(
        pd.read_parquet(file),
        DataPreparationOptions(),
        seed=int(seed),
        workspace=FOLDER,
    )
    rows = store.rows("val")
    pixels, labels = np.asarray(store.pixels[rows]), store.labels[rows]
    short_s = min(30.0, float(seconds) / 4)
    short, _ = fit(store, profile, "light", short_s, int(seed))
    plain, mirrored = (predict(short, one) for one in (pixels, pixels[:, :, ::-1]))
    flips = measure_flip_effect(labels, plain, mirrored)
    augmentation = with_flips(strength, flips)
    model, epochs = fit(store, profile, augmentation, float(seconds), int(seed))
    averaged = average_predictions(model, shifts=True, flips=flips.allows_flips)
    row = {
        "data": Path(file).stem,
        "seconds": float(seconds),
        "seed": int(seed),
        "augmentation": augmentation,
        "epochs": epochs,
        "val_accuracy": float(np.mean(predict(averaged, pixels).argmax(1) == labels)),
        "n_val": len(labels),
    }
    print(json.dumps(row))
    return 0


def fit(
    store: ImageStore,
    profile: DatasetProfile,
    augmentation: str,
    seconds: float,
    seed: int,
) -> tuple[Any, int]:
    """Train the residual network on one worker; give the model and its epochs."""
    import keras

    from kedro_nas.export.long_fit import fit_for_seconds
    from kedro_nas.models.spaces import build_search_space
    from kedro_nas.parameters.job import JobOptions
    from kedro_nas.parameters.search_space import SearchSpaceOptions
    from kedro_nas.space.outlines import Outline
    from kedro_nas.training.conditions import Conditions
    from kedro_nas.training.execution import HALF, execution_here
    from kedro_nas.work_clock import WorkClock

    job = JobOptions(workers=1)
    space = build_search_space(SearchSpaceOptions(), profile.facts, seed=seed)
    outline = Outline(name="residual", block="residual")
    network = outline.network(space, STEM_WIDTH).with_recipe(augmentation=augmentation)
    execution = execution_here(HALF, job)
    task = Conditions(store, profile.verdict, job, execution).task(
        augmentation, network, rows="search", epochs=1, seed=seed
    )
    clock = WorkClock(FOLDER / f"clock-{augmentation}.txt")
    place = FOLDER / augmentation
    done = fit_for_seconds(store, task, place, job, seconds=seconds, clock=clock)
    model = keras.models.load_model(done.task.model_file, compile=False)
    return model, len(done.outcome.history)


def show(pair: list[dict[str, Any]]) -> None:
    for row in pair:
        print(
            f"{row['data']:22} {row['seconds']:5.0f} s  seed {row['seed']}  "
            f"{row['augmentation']:14} {row['epochs']:4} epochs  "
            f"{row['val_accuracy']:.4f}",
            flush=True,
        )


def judge(rows: list[dict[str, Any]], *, quick: bool) -> int:
    from kedro_nas.training.long_augmentation import LONG_EPOCHS

    gains: dict[str, list[float]] = {}
    for light, trivial in zip(rows[::2], rows[1::2], strict=True):
        if quick or trivial["epochs"] >= LONG_EPOCHS:
            gain = trivial["val_accuracy"] - light["val_accuracy"]
            gains.setdefault(trivial["data"], []).append(gain)
    means = {name: mean(values) for name, values in gains.items()}
    gain = mean(means.values()) if means else 0.0
    passed = quick or (gain >= 0 and min(means.values(), default=0.0) >= WORST)
    result = {"rows": rows, "gain": round(gain, 4), "passed": passed}
    if not quick:
        write_result(FILE, result, seeds={row["seed"] for row in rows})
    words = ", ".join(f"{name} {100 * value:+.1f}" for name, value in means.items())
    verdict = "PASSED" if passed else "SHORT"
    said = f"points gained by TrivialAugment: {words or 'no training was long'}"
    return conclude(f"{verdict}: {said}", passed=passed)


if __name__ == "__main__":
    sys.exit(main())
