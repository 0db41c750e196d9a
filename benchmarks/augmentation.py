"""What each strength of augmentation is worth to candidate 0 in a few epochs.

Candidate 0 of the shipped search is trained on the training rows of the shipped
Fashion-MNIST sample (8,000 images) with the engine's own schedule and scored on its
validation rows (2,000), over several seeds. Test rows are not read.

    python benchmarks/augmentation.py [--quick]

Bar: `light`, the anchors' choice, is on average half a point better than none, or more.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pandas as pd
from measurement.conclusion import RESULTS, conclude, new_parser, write_result

from kedro_nas.data.prepare import prepare_images
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.tasks import Task
from kedro_nas.training.unit import Unit

ROOT = Path(__file__).parents[1]
NAMES = ("none", "flip", "light", "light+flip")
SEEDS = (0, 1)
EPOCHS = (9, 18)
BAR = 0.005


def main() -> int:
    parser = new_parser(__doc__, quick="2,000 images, 2 epochs; writes no result")
    quick = parser.parse_args().quick
    names = ("none", "light") if quick else NAMES
    lengths, seeds = ((2,), (0,)) if quick else (EPOCHS, SEEDS)
    with tempfile.TemporaryDirectory() as folder:
        store, architecture = prepare(Path(folder), 2_000 if quick else None)
        rows = []
        for epochs in lengths:
            for name in names:
                scores = [fit(store, architecture, name, epochs, s) for s in seeds]
                rows.append({"augmentation": name, "epochs": epochs, "scores": scores})
                print(
                    f"{epochs:3} epochs  {name:14} {mean(scores):.4f}  "
                    + " ".join(f"{score:.4f}" for score in scores),
                    flush=True,
                )
    return judge(rows, seeds, quick=quick)


def prepare(folder: Path, max_images: int | None) -> tuple[str, Architecture]:
    """Prepare the shipped sample; give the store and candidate 0."""
    table = pd.read_parquet(ROOT / "data" / "01_raw" / "fashion_mnist_12k.parquet")
    options = DataPreparationOptions(max_images=max_images)
    store, profile = prepare_images(table, options, seed=0, workspace=folder)
    space = build_search_space(SearchSpaceOptions(preset="cpu"), profile.facts, seed=0)
    return str(store.path), space.anchors[0]


def fit(
    store: str, architecture: Architecture, name: str, epochs: int, seed: int
) -> float:
    recipe = architecture.recipe.model_copy(update={"augmentation": name})
    task = Task(
        task_id=f"{name}-{epochs}-{seed}",
        architecture=architecture.model_copy(update={"recipe": recipe}),
        store=store,
        rows="search",
        epochs=epochs,
        schedule_epochs=epochs,
        seed=derive_seed(seed, "augmentation benchmark"),
        smoothing_epochs=1,
    )
    outcome = Unit(task, learner=None, deadline=None, on_epoch=lambda _: None).run()
    score = outcome.history[-1].val_accuracy
    if score is None:
        raise SystemExit(f"{task.task_id} was not scored: {outcome.reason}")
    return round(score, 4)


def judge(rows: list[dict[str, Any]], seeds: tuple[int, ...], *, quick: bool) -> int:
    gains = {
        row["epochs"]: mean(row["scores"]) - mean(none["scores"])
        for row in rows
        for none in rows
        if row["augmentation"] == "light"
        and none["augmentation"] == "none"
        and row["epochs"] == none["epochs"]
    }
    gain = min(gains.values())
    passed = quick or gain >= BAR
    result = {
        "rows": rows,
        "gain_of_light": {str(k): round(v, 4) for k, v in gains.items()},
        "passed": passed,
    }
    if not quick:
        write_result(RESULTS / "augmentation.json", result, seeds=seeds)
    words = ", ".join(f"{100 * v:+.1f} points in {k} epochs" for k, v in gains.items())
    return conclude(
        f"{'PASSED' if passed else 'SHORT'}: light against none {words}", passed=passed
    )


if __name__ == "__main__":
    sys.exit(main())
