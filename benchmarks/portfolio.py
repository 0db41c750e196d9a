"""Which proven networks a search begins with: trained on many data sets, then chosen.

Every candidate is an outline without sizes: kind of block, depth, stem, head and
recipe. For each development data set it is widened as far as the same number of
multiply-adds allows and trained for the same CPU seconds on one core; its score is the
accuracy on validation images. Test rows are not read. The data sets are made of the
shipped Fashion-MNIST sample, scikit-learn's digits and any other Parquet file of
`image`, `label`, `split` that is named, whole and reduced to fewer and smaller images,
so that they differ in size, shape and difficulty.

From the table a portfolio is chosen greedily: first the outline with the best mean,
then always the one that most improves the mean, over data sets, of the best so far.
Scores are points below the best of a data set, so that no set outweighs others.
Source: Feurer et al. (2022), Auto-sklearn 2.0, https://arxiv.org/abs/2007.04074,
section 3.1.

    python benchmarks/portfolio.py [FILE ...] [--quick] [--seconds 40] [--only NAME ...]

What has been trained is kept in benchmarks/results/portfolio.json and not trained
again. Bar: the first two of a portfolio leave fewer points below the best than the
two outlines shipped before it, plain and residual, each data set judged by a portfolio
chosen without it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # as a worker
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from measurement.conclusion import RESULTS, conclude, new_parser, write_result
from PIL import Image
from sklearn.datasets import load_digits

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import count_macs
from kedro_nas.space.outlines import Outline, widest_network
from kedro_nas.training.execution import HALF, execution_here
from kedro_nas.training.learner import Learner
from kedro_nas.training.tasks import Epoch, Task
from kedro_nas.training.unit import Unit

SHIPPED = Path(__file__).parents[1] / "data" / "01_raw" / "fashion_mnist_12k.parquet"

FILE = RESULTS / "portfolio.json"
EPOCHS = 25  # of candidate 0 within the seconds, which decides the multiply-adds
MOST, LEAST = 60, 5  # epochs of any candidate
TIMED_SHARE = 0.1  # of the validation images that are scored after each epoch
EXPONENT = 0.67  # seconds grow with multiply-adds to this power
STEM_WIDTHS = (16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 256)

CANDIDATES = (
    Outline(name="plain"),
    Outline(name="residual", block="residual"),
    Outline(name="plain, two blocks", depth=2),
    Outline(
        name="residual, pre-activation",
        block="residual",
        depth=2,
        block_options={"pre_activation": True},
    ),
    Outline(name="residual, se", block="residual", attention="se"),
    Outline(name="bottleneck", block="bottleneck", depth=2),
    Outline(
        name="inverted residual",
        block="inverted_residual",
        depth=2,
        activation="swish",
    ),
    Outline(
        name="fused inverted residual",
        block="fused_inverted_residual",
        activation="swish",
    ),
    Outline(name="convnext", block="convnext", depth=2, activation="swish"),
    Outline(name="plain, flatten", pooling="flatten"),
    Outline(name="plain, medium", augmentation="medium"),
    Outline(name="plain, cutmix", augmentation="light+cutmix"),
    Outline(name="plain, fine stem", stem_stride_factor=0.5),
)


# every block and attention, no bound but the multiply-adds of the benchmark
SPACE = SearchSpaceOptions(
    preset="accuracy",
    stem_width=list(STEM_WIDTHS),
    width=sorted({times * width for times in (1, 2, 4, 8) for width in STEM_WIDTHS}),
    n_stages=[2, 3, 4],
    pooling=["average", "flatten"],
    dropout=[0.25],
    augmentation=["light", "medium", "light+cutmix"],
    optimizer=["adamw"],
    weight_decay=[0.05],
    label_smoothing=[0.1],
    batch_size=[32],
    max_params="none",
    max_depth="none",
)
SHIPPED_BEFORE = ("plain", "residual")


@dataclass(frozen=True)
class DataSet:
    """A development data set: a source, reduced.

    Attributes:
        source: Name of the file, or `digits`.
        n_train: Training images.
        side: Pixels of the longer side, None to leave it.
    """

    source: str
    n_train: int
    side: int | None = None

    @property
    def name(self) -> str:
        """Name in the table."""
        return f"{self.source} {self.n_train}" + (
            f" {self.side}px" if self.side else ""
        )


def main() -> int:
    """Train what is missing, choose, write the result, print the figure."""
    parser = new_parser(__doc__, quick="one small data set, two candidates, 4 s each")
    parser.add_argument("files", nargs="*", type=Path, help="further images")
    parser.add_argument("--seconds", type=float, default=40, help="of CPU, each")
    parser.add_argument("--only", nargs="+", default=[], help="names of data sets")
    parser.add_argument("--outlines", nargs="+", default=[], help="names of outlines")
    given = parser.parse_args()
    seconds = 4.0 if given.quick else given.seconds
    candidates = list(CANDIDATES[:2] if given.quick else CANDIDATES)
    candidates = [
        one for one in candidates if not given.outlines or one.name in given.outlines
    ]
    found = [] if given.quick or not FILE.exists() else read_rows()
    sources = {path.stem: path for path in (SHIPPED, *given.files)}
    sets = [DataSet("digits", 300)] if given.quick else data_sets(sources)
    for data in sets:
        label = f"{data.name}, {seconds:g} s"
        if given.only and data.name not in given.only:
            continue
        missing = [
            one
            for one in candidates
            if (label, one.name) not in {(r["data"], r["outline"]) for r in found}
        ]
        if missing:
            for row in train_all(data, missing, sources, seconds):
                found.append(row)
                if not given.quick:
                    write(found)
    passed, line = judge(found)
    if not given.quick:
        write(found)
    return conclude(line, passed=given.quick or passed)


def data_sets(sources: Mapping[str, Path]) -> list[DataSet]:
    """Return the development data sets: each source whole and reduced."""
    found = [DataSet("digits", 900)]
    for name, path in sources.items():
        split = pd.read_parquet(path, columns=["split"])["split"]
        half = int((split != "test").sum()) // 2
        found += [DataSet(name, half), DataSet(name, min(1_000, half // 2), 24)]
    return found


def load(data: DataSet, sources: Mapping[str, Path]) -> pd.DataFrame:
    """Return the images of a data set, drawn from rows that are not test.

    What is not trained on is for validation, but for a share that stands in as test
    rows, which preparation needs and nobody reads.
    """
    if data.source == "digits":
        digits = load_digits()
        pixels = (digits.images * 255 / 16).round().astype(np.uint8)
        rows = pd.DataFrame({"image": list(pixels), "label": digits.target})
    else:
        rows = pd.read_parquet(sources[data.source]).query("split != 'test'")
    order = np.random.default_rng(0).permutation(len(rows))
    rows = rows.iloc[order].reset_index(drop=True)
    n_test = len(rows) // 20
    rest = len(rows) - data.n_train - n_test
    rows["split"] = ["train"] * data.n_train + ["test"] * n_test + ["val"] * rest
    if data.side:
        rows["image"] = pd.Series([reduced(one, data.side) for one in rows["image"]])
    return rows


def reduced(image: bytes, side: int) -> np.ndarray:
    """Return an image with its longer side reduced."""
    opened = Image.open(io.BytesIO(image))
    return np.asarray(opened.resize((side, side), Image.Resampling.BOX))


def train_all(
    data: DataSet,
    outlines: Sequence[Outline],
    sources: Mapping[str, Path],
    seconds: float,
) -> Iterator[dict[str, Any]]:
    """Train outlines on a data set; yield a row after each."""
    with tempfile.TemporaryDirectory() as folder:
        store, profile = prepare_images(
            load(data, sources),
            DataPreparationOptions(),
            seed=0,
            workspace=Path(folder),
        )
        space = build_search_space(SPACE, profile.facts, seed=0)
        candidate_0 = space.anchors[0]
        timed = Trainer(store, profile, candidate_0).time_epoch()
        wanted = (seconds / EPOCHS / timed) ** (1 / EXPONENT)
        max_macs = wanted * count_macs(candidate_0)
        for outline in outlines:
            row = {"data": f"{data.name}, {seconds:g} s", "outline": outline.name}
            network = widest_network(outline, space, max_macs, STEM_WIDTHS)
            if network is None:
                yield row | {"score": None}
                continue
            row |= Trainer(store, profile, network).train(seconds)
            print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
            yield row


class Trainer:
    """Trains one network in this process.

    Args:
        store: The images.
        profile: Of the images.
        network: What to train.
    """

    def __init__(
        self, store: ImageStore, profile: DatasetProfile, network: Architecture
    ) -> None:
        self._store, self._profile, self._network = store, profile, network
        self._learner: Learner | None = None

    def time_epoch(self) -> float:
        """Return the CPU seconds of an epoch, without those of making graphs."""
        ends: list[float] = []
        self._run(2, lambda _: ends.append(time.process_time()))
        return ends[1] - ends[0]

    def train(self, seconds: float) -> dict[str, Any]:
        """Train for about so many CPU seconds; return the costs and the score."""
        epochs = int(seconds / self.time_epoch())
        epochs = min(MOST, max(LEAST, epochs))
        began = time.process_time()
        self._run(epochs, lambda _: None)
        used = time.process_time() - began
        rows = self._store.rows("val")
        assert self._learner is not None
        predicted = self._learner.model.predict(
            np.asarray(self._store.pixels[rows]), batch_size=256, verbose=0
        )
        right = predicted.argmax(1) == self._store.labels[rows]
        return {
            "score": round(float(right.mean()), 4),
            "epochs": epochs,
            "cpu_s": round(used, 1),
            "macs": count_macs(self._network),
            "network": self._network.describe(),
        }

    def _run(self, epochs: int, on_epoch: Callable[[Epoch], None]) -> None:
        verdict = self._profile.verdict
        task = Task(
            task_id="portfolio",
            execution=execution_here(HALF, JobOptions()),
            architecture=self._network,
            store=str(self._store.path),
            rows="search",
            epochs=epochs,
            schedule_epochs=epochs,
            seed=derive_seed(0, "portfolio"),
            bn_momentum=verdict.bn_momentum,
            class_weights=verdict.class_weights,
            validation_share=TIMED_SHARE,
        )
        unit = Unit(task, learner=None, deadline=None, on_epoch=on_epoch)
        unit.run()
        self._learner = unit.learner


def greedy(losses: Mapping[str, Mapping[str, float]], sets: Sequence[str]) -> list[str]:
    """Return outlines in the order in which a portfolio takes them.

    Args:
        losses: Points below the best, by outline, then by data set.
        sets: Data sets that count.
    """
    best = dict.fromkeys(sets, float("inf"))
    left, chosen = sorted(losses), []
    while left:
        first = min(
            left, key=lambda one: mean(min(best[s], losses[one][s]) for s in sets)
        )
        chosen.append(first)
        left.remove(first)
        best = {s: min(best[s], losses[first][s]) for s in sets}
    return chosen


def points_below_best(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return how far each outline is from the best of each data set, in points."""
    best: dict[str, float] = {}
    for row in rows:
        best[row["data"]] = max(best.get(row["data"], 0.0), row["score"] or 0.0)
    losses: dict[str, dict[str, float]] = {}
    for row in rows:
        loss = 100 * (best[row["data"]] - (row["score"] or 0.0))
        losses.setdefault(row["outline"], {})[row["data"]] = round(loss, 2)
    return {one: by for one, by in losses.items() if by.keys() == best.keys()}


def judge(rows: Sequence[Mapping[str, Any]]) -> tuple[bool, str]:
    """Print the table; return whether the bar is reached, and the figure."""
    losses = points_below_best(rows)
    sets = list(dict.fromkeys(row["data"] for row in rows))
    for name in greedy(losses, sets):
        points = "  ".join(f"{losses[name][one]:6.2f}" for one in sets)
        print(f"{name:28} {points}  {mean(losses[name].values()):6.2f}")
    print("points below the best of: " + ", ".join(sets))
    ours, before = [], []
    for left_out in sets if len(sets) > 1 else ():
        others = [one for one in sets if one != left_out]
        first = greedy(losses, others)[: len(SHIPPED_BEFORE)]
        ours.append(min(losses[one][left_out] for one in first))
        before.append(min(losses[one][left_out] for one in SHIPPED_BEFORE))
    if not ours:
        return False, "SHORT: one data set is no comparison"
    passed = mean(ours) < mean(before)
    return passed, (
        f"{'PASSED' if passed else 'SHORT'}: {mean(ours):.2f} points below the best "
        f"with two outlines chosen on other data sets, {mean(before):.2f} with "
        f"{' and '.join(SHIPPED_BEFORE)}, {len(sets)} data sets"
    )


def write(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what has been trained and the order of the portfolio so far."""
    losses = points_below_best(rows)
    sets = list(dict.fromkeys(row["data"] for row in rows))
    result = {
        "rows": list(rows),
        "points_below_best": losses,
        "portfolio": greedy(losses, sets) if losses else [],
    }
    write_result(FILE, result, seeds=[0])


def read_rows() -> list[dict[str, Any]]:
    """Return what has been trained before."""
    rows: list[dict[str, Any]] = json.loads(FILE.read_text())["rows"]
    return rows


if __name__ == "__main__":
    sys.exit(main())
