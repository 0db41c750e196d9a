"""What a search buys at equal wall clock: against networks that only train.

These contestants get the same seconds on all cores of this machine, in turns:

* `search`: `kedro run --pipelines nas` as shipped, with `nas.budget_s` alone;
* `candidate_0`: candidate 0 trained by the same engine for all of the seconds;
* `candidate_0_wide`: its plain outline with 64 channels in the stem, doubling;
* `candidate_0_wide_flip`: the same with mirrored images, as somebody who knows the data
  would train it where classes are the same in a mirror;
* `baseline`: the hand-built ResNet likewise;
* `random`: Hyperband over random draws for 58 % of the seconds, then the final fit;
* `race`, `surrogate`, `growth`: the pipeline with its plan set by hand: proven networks
  alone; the search of the space from them on by the model of scores; the same with
  networks that start as grown forms of trained ones (`inherit: morph`).

All compute in the precision that the search takes on a CPU: bfloat16 where the hardware
has it. Each is scored on the test rows of its data set, its predictions averaged over
shifts, and over mirrored images where it was trained on them, as the search exports it.
Every finished row is kept in benchmarks/results/payoff.json and not run again;
`--fresh` begins anew. The figure is the mean difference between `search` and the best
of the three candidates; the bar is -0.3 points up to five minutes, and 0 beyond.

    python benchmarks/payoff.py [--quick] [--seconds 300 900] [--seeds 3] [--who ...]
                                [--fresh] [DATA.parquet ...]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd
from measurement.conclusion import conclude, new_parser, write_result
from peers.linked_project import link_project

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "payoff.json"
SHIPPED = ROOT / "data" / "01_raw" / "fashion_mnist_12k.parquet"
CANDIDATES = ("candidate_0", "candidate_0_wide", "candidate_0_wide_flip")
RANDOM_SHARE = 0.58  # of the seconds, as of the first version of the search
# contestants that are the pipeline with some options of the search
JOBS: dict[str, dict[str, object]] = {
    "search": {},
    "race": {"plan": "race"},
    "surrogate": {"plan": "search"},
    "growth": {"plan": "search", "inherit": "morph"},
    "random": {"plan": "search", "proposer": "random"},
}
FITS = (*CANDIDATES, "baseline")
WHO = ("search", *FITS, "random", "race", "surrogate", "growth")
DEFAULT_WHO = ("search", *FITS, "random")
WIDE_STEM = 64
SHORT_S, SHORT_BAR, BAR = 300, -0.003, 0.0

FIT = """
import json, sys, time
began = time.monotonic()
from pathlib import Path
import pandas as pd
from kedro_nas.data.prepare import prepare_images
from kedro_nas.export.evaluate import predict
from kedro_nas.export.long_fit import fit_for_seconds
from kedro_nas.models.averaged_predictions import average_predictions
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.search.baseline import make_baseline
from kedro_nas.space.anchors import proven_code, spell_code
from kedro_nas.training.execution import HALF, execution_here
from kedro_nas.training.tasks import Task
from kedro_nas.work_clock import WorkClock
import numpy as np

who, data, seconds, seed, stem = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
folder, seed = Path("workspace"), int(seed)
store, profile = prepare_images(
    pd.read_parquet(data), DataPreparationOptions(), seed=seed, workspace=folder
)
if who == "baseline":
    network = make_baseline("auto", store)
else:
    space = build_search_space(SearchSpaceOptions(), profile.facts, seed=seed)
    network = space.anchors[0]
    if who.startswith("candidate_0_wide"):
        code = proven_code(store.image_shape, "conv", int(stem), doubling=True)
        network = space.decode(spell_code(space.choices, code))
flips = who.endswith("flip")
if flips:
    recipe = network.recipe.model_copy(update={"augmentation": "light+flip"})
    network = network.model_copy(update={"recipe": recipe})
job = JobOptions()
task = Task(
    execution=execution_here(HALF, job),  # as the search: bfloat16 if the CPU has it
    task_id=who, architecture=network, store=str(store.path), rows="dev", epochs=1,
    schedule_epochs=1, seed=seed, bn_momentum=profile.verdict.bn_momentum,
    class_weights=profile.verdict.class_weights,
)
clock = WorkClock(folder / "clock.txt")
left = seconds - (time.monotonic() - began)
fit = fit_for_seconds(store, task, folder / "final", job, seconds=left, clock=clock)
import keras
model = keras.models.load_model(fit.task.model_file, compile=False)
averaged = average_predictions(model, shifts=True, flips=flips)
rows = store.test_rows()
predicted = predict(averaged, np.asarray(store.pixels[rows])).argmax(1)
right = predicted == store.labels[rows]
print(json.dumps({
    "test_accuracy": float(right.mean()), "n_params": model.count_params(),
    "epochs": len(fit.outcome.history), "network": network.describe(),
}))
"""


def main() -> int:
    """Run what is missing, write the rows, print the figure."""
    options = _options()
    seconds = [20.0] if options.quick else options.seconds
    data = [Path(one).resolve() for one in options.data] or [SHIPPED]
    kept = [] if options.fresh or options.quick else _kept()
    rows = list(kept)
    for length in seconds:
        for seed in range(1 if options.quick else options.seeds):
            for path in data:
                for who in options.who:
                    if _is_known(rows, who, path, length, seed):
                        continue
                    row = _run(who, path, length, seed)
                    rows.append(row)
                    print(json.dumps(row), flush=True)
                    if not options.quick:
                        _write(rows)
    return _report(rows, quick=options.quick)


def _options() -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--seconds", type=float, nargs="+", default=[300.0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--who", nargs="+", choices=WHO, default=list(DEFAULT_WHO))
    parser.add_argument("data", nargs="*")
    options = parser.parse_args()
    if options.quick:
        options.who = ["search", "candidate_0"]
    return options


def _run(who: str, data: Path, seconds: float, seed: int) -> dict[str, object]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run = _fit if who in FITS else _job
        found = run(Path(folder), who, data, seconds, seed)
    return {
        "who": who,
        "data": data.stem,
        "seconds": seconds,
        "seed": seed,
        "wall_s": round(time.monotonic() - began, 1),
        **found,
    }


def _fit(
    folder: Path, who: str, data: Path, seconds: float, seed: int
) -> dict[str, object]:
    words = [who, str(data), str(seconds), str(seed), str(WIDE_STEM)]
    done = _call([sys.executable, "-c", FIT, *words], folder)
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _job(
    folder: Path, who: str, data: Path, seconds: float, seed: int
) -> dict[str, object]:
    """Run the pipeline as shipped in a folder linked to this project."""
    link_project(folder, data)
    chosen = dict(JOBS[who])
    if who == "random":
        chosen["budget_s"] = RANDOM_SHARE * seconds
    params = f"nas.budget_s={seconds},nas.seed={seed}"
    params += "".join(f",nas.search.{name}={value}" for name, value in chosen.items())
    kedro = str(Path(sys.executable).with_name("kedro"))
    _call([kedro, "run", "--pipelines", "nas", "--params", params], folder)
    metrics = json.loads(
        (folder / "data/08_reporting/nas/test_metrics.json").read_text()
    )
    choice = json.loads(
        (folder / "data/07_model_output/nas/best_architecture.json").read_text()
    )
    return {
        "test_accuracy": metrics["accuracy"],
        "n_params": metrics["params"],
        "epochs": metrics["epochs_final_fit"],
        "network": choice["name"],
    }


def _call(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        raise SystemExit(1)
    return done


def _is_known(
    rows: Sequence[dict[str, object]], who: str, data: Path, seconds: float, seed: int
) -> bool:
    wanted = {"who": who, "data": data.stem, "seconds": seconds, "seed": seed}
    return any(all(row[k] == v for k, v in wanted.items()) for row in rows)


def _kept() -> list[dict[str, object]]:
    if not RESULTS.exists():
        return []
    rows: list[dict[str, object]] = json.loads(RESULTS.read_text())["rows"]
    return rows


def _write(rows: Sequence[dict[str, object]]) -> None:
    seeds = {int(str(row["seed"])) for row in rows}
    write_result(RESULTS, {"rows": list(rows)}, seeds=seeds)


def _report(rows: Sequence[dict[str, object]], *, quick: bool) -> int:
    frame = pd.DataFrame(rows)
    table = frame.groupby(["data", "seconds", "who"])["test_accuracy"]
    print(
        "| data | seconds | who | mean test accuracy | seeds |\n|---|---|---|---|---|"
    )
    means: Any = table.mean()
    for (data, seconds, who), value in means.items():
        n = int(table.count()[(data, seconds, who)])
        print(f"| {data} | {seconds:.0f} | {who} | {value:.4f} | {n} |")
    margins, passed = [], True
    groups: Any = frame.groupby(["data", "seconds"])
    for (data, seconds), group in groups:
        by_who = group.groupby("who")["test_accuracy"].mean()
        opponents = [by_who[who] for who in CANDIDATES if who in by_who]
        for who in JOBS:
            if who != "search" and {who, "search"} <= set(by_who.index):
                lead = 100 * float(by_who["search"] - by_who[who])
                print(f"{data}, {seconds:.0f} s: {lead:+.2f} points above {who}")
        if "search" not in by_who or not opponents:
            continue
        margin = float(by_who["search"] - max(opponents))
        bar = SHORT_BAR if seconds <= SHORT_S else BAR
        passed &= margin >= bar
        margins.append(margin)
        print(f"{data}, {seconds:.0f} s: search ahead by {100 * margin:+.2f} points")
    if not margins:
        line = "no comparison: run `search` and a candidate"
        return conclude(line, passed=False)
    return conclude(
        f"search minus the best candidate: {100 * mean(margins):+.2f} points",
        passed=passed or quick,
    )


if __name__ == "__main__":
    sys.exit(main())
