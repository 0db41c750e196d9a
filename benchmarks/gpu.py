"""Check kedro-nas on this machine's GPU: what is right on a CPU has to be right there.

    python benchmarks/gpu.py            # under 10 minutes; or: make gpu-check
    python benchmarks/gpu.py --quick    # one batch of each block, under a minute

1. `layers`: a network of each block, attention, activation, augmentation and optimizer
   takes a few steps, as they are and as XLA with bfloat16; op determinism makes some
   operations fail on GPUs that have no deterministic kernel.
2. `determinism`: one training, twice, gives the same losses to the last bit.
3. `speed`: images per second of candidate 0, with what the probes chose, against
   `keras.Model.fit` on the same network, batch size and images.
4. `smoke`: the smoke job, bounded by counts, on the GPU and on the CPU: the same
   trials, and the same architecture chosen. A GPU rounds otherwise than a CPU, so
   networks that are as good may change places; both scores are in the results.
5. `job`: `kedro run --pipelines nas` for two minutes, while the memory of the card is
   watched: TensorFlow must not take all of it in any process.

Ends with status 1 where a check fails, and without a GPU, where nothing was checked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pandas as pd
from typing_extensions import Self

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.devices import find_gpus
from kedro_nas.environment import describe_environment
from kedro_nas.files import read_json_lines
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture, Recipe, Stage, Stem
from kedro_nas.space.registry import attention_names, block_names, find_block
from kedro_nas.training.execution import PLAIN
from kedro_nas.training.probes import Measured, probe
from kedro_nas.training.run import run_tasks
from kedro_nas.training.tasks import Outcome, Task
from kedro_nas.training.workers.local import LocalPool

PROJECT = Path(__file__).parents[1]
IMAGES = PROJECT / "data" / "01_raw" / "fashion_mnist_12k.parquet"
RESULTS = Path(__file__).parent / "results" / "gpu.json"
SEED = 0
COMPILED = Execution(jit_compile=True, precision="mixed_bfloat16")
SHAPE = {"depth": 1, "kernel_size": 3}
ACTIVATIONS = ("relu", "swish", "hard_swish")
AUGMENTATIONS = ("light+flip", "strong", "trivial", "medium+mixup", "medium+cutmix")
KERAS_SPEED = 1.0  # at least as fast as `fit`
MEMORY_SHARE = 0.5  # of the card, over all processes


@dataclass
class Check:
    """What one check found.

    Attributes:
        name: Of the check.
        faults: What is wrong, empty if nothing is.
        figures: What was measured.
    """

    name: str
    faults: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)


@dataclass
class Bench:
    """Where the checks work.

    Attributes:
        folder: For files.
        store: Images of 28 x 28 x 1 in ten classes.
    """

    folder: Path
    store: ImageStore

    def train(self, tasks: list[Task], workers: int, name: str) -> dict[str, Outcome]:
        """Run tasks on so many workers, all on the first GPU."""
        log = self.folder / f"{name}.log"
        pool = LocalPool(workers=workers, threads=1, log=log)
        try:
            ran = run_tasks(
                pool, tasks, journal=self.folder / f"{name}.jsonl", fingerprint=""
            )
        finally:
            pool.close()
        return ran.outcomes


def network(
    block: str = "conv", attention: str = "none", **changes: object
) -> Architecture:
    """Return a small network of one block and attention."""
    options = sorted((k, v[0]) for k, v in find_block(block).options.items())
    stage = {"block": block, "options": options, "attention": attention}
    return Architecture.model_validate(
        {
            "input_shape": (28, 28, 1),
            "n_classes": 10,
            "stem": Stem(width=32, kernel_size=3, stride=2),
            "stages": (
                Stage.model_validate({**stage, **SHAPE, "width": 32, "stride": 1}),
                Stage.model_validate({**stage, **SHAPE, "width": 64, "stride": 2}),
            ),
            **changes,
        }
    )


def vocabulary() -> dict[str, Architecture]:
    """Return a network for each thing that a search may draw."""
    return {
        **{f"block {name}": network(name) for name in block_names()},
        **{f"attention {n}": network(attention=n) for n in attention_names()},
        **{f"activation {n}": network("residual", activation=n) for n in ACTIVATIONS},
        **{
            f"augmentation {name}": network(recipe=Recipe(augmentation=name))
            for name in AUGMENTATIONS
        },
        "optimizer sgd": network(recipe=Recipe(optimizer="sgd", learning_rate=0.01)),
        "stem stride 4": network(stem=Stem(width=32, kernel_size=5, stride=4)),
    }


def make_task(bench: Bench, task_id: str, one: Architecture, **changes: object) -> Task:
    """Return a task on the search rows."""
    fields = {"rows": "search", "epochs": 1, "schedule_epochs": 1, "seed": SEED}
    return Task.model_validate(
        {
            "task_id": task_id,
            "architecture": one,
            "store": str(bench.store.path),
            **fields,
            **changes,
        }
    )


def check_layers(bench: Bench, *, compiled: bool, workers: int) -> Check:
    """Take a few steps with each thing that a search may draw."""
    tasks = [
        make_task(bench, f"{name}, {kind}", one, execution=execution, probe_steps=3)
        for kind, execution in (
            ("plain", PLAIN),
            *((("XLA and bfloat16", COMPILED),) if compiled else ()),
        )
        for name, one in vocabulary().items()
    ]
    outcomes = bench.train(tasks, workers, "layers")
    return Check(
        "layers",
        [
            f"{name}: {outcome.status}, {outcome.reason}"
            for name, outcome in outcomes.items()
            if outcome.status != "completed"
        ],
        {"networks": len(tasks)},
    )


def check_determinism(bench: Bench) -> Check:
    """Train networks twice, and compare the losses of each epoch."""
    faults: list[str] = []
    figures: dict[str, object] = {}
    blocks = ("conv", "separable", "inverted_residual", "convnext")
    networks = {
        name: network(name, "se", recipe=Recipe(augmentation="medium+flip+mixup"))
        for name in blocks
    }
    runs = []
    for turn in ("first", "second"):
        tasks = [
            make_task(bench, f"{name}", one, epochs=2, schedule_epochs=2)
            for name, one in networks.items()
        ]
        runs.append(bench.train(tasks, 2, f"determinism-{turn}"))
    for name in networks:
        losses = [
            [epoch.train_loss for epoch in outcomes[name].history] for outcomes in runs
        ]
        figures[name] = losses
        if losses[0] != losses[1] or not losses[0]:
            faults.append(f"{name}: losses {losses[0]}, then {losses[1]}")
    return Check("determinism", faults, {"losses": figures})


def check_speed(bench: Bench) -> Check:
    """Time candidate 0 under what the probes choose against `fit`."""
    one = network(
        stem=Stem(width=48, kernel_size=3, stride=2),
        recipe=Recipe(augmentation="light", batch_size=64),
    )
    pool = LocalPool(workers=1, threads=1, log=bench.folder / "speed.log")
    train = bench.store.rows("train")
    try:
        found: Measured = probe(
            pool,
            make_task(bench, "probe", one),
            journal=bench.folder / "speed.jsonl",
            fingerprint="",
            n_train=len(train),
            batch_may_grow=True,
            deadline=None,
        )
        best = one.with_recipe(batch_size=found.batch_size)
        task = make_task(
            bench,
            "epochs",
            best,
            epochs=4,
            schedule_epochs=4,
            execution=found.execution,
        )
        ran = run_tasks(
            pool, [task], journal=bench.folder / "epochs.jsonl", fingerprint=""
        )
    finally:
        pool.close()
    outcome = ran.outcomes["epochs"]
    if outcome.status != "completed":
        return Check("speed", [f"training {outcome.status}: {outcome.reason}"])
    ours = len(train) / min(epoch.seconds_train for epoch in outcome.history[1:])
    stock = in_own_process("fit", bench, found.batch_size)
    faults = []
    if ours < KERAS_SPEED * stock:
        faults.append(f"{ours:.0f} images/s, keras.Model.fit {stock:.0f}")
    return Check(
        "speed",
        faults,
        {
            "images_per_s": round(ours),
            "keras_fit_images_per_s": round(stock),
            "times_keras": round(ours / stock, 2),
            "batch_size": found.batch_size,
            "execution": found.execution.model_dump(),
            "probes_images_per_s": found.images_per_s,
        },
    )


def in_own_process(what: str, bench: Bench, batch_size: int) -> float:
    """Run this script's other half in a process of its own; return its figure."""
    done = subprocess.run(
        [
            *(sys.executable, __file__, "--child", what),
            *("--store", str(bench.store.path), "--batch", str(batch_size)),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_FORCE_GPU_ALLOW_GROWTH": "true"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return float(done.stdout.split()[-1])


def time_fit(store: ImageStore, batch_size: int) -> float:
    """Return images per second of the best of three epochs of `keras.Model.fit`."""
    import keras

    from kedro_nas.models.build import build_model

    model = build_model(
        network(stem=Stem(width=48, kernel_size=3, stride=2)), seed=SEED
    )
    model.compile(keras.optimizers.AdamW(2e-3), "sparse_categorical_crossentropy")
    rows = store.rows("train")
    images = np.asarray(store.pixels[rows], np.float32)

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            self.began = time.monotonic()

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.seconds.append(time.monotonic() - self.began)

    clock = Clock()
    model.fit(
        images,
        store.labels[rows],
        batch_size=batch_size,
        epochs=4,
        verbose=0,
        callbacks=[clock],
    )
    return len(rows) / min(clock.seconds[1:])


def run_job(folder: Path, *arguments: str, gpu: bool) -> Path:
    """Run the pipeline in a copy of this project; return its folder.

    Raises:
        RuntimeError: The run failed; ends with what it printed.
    """
    folder.mkdir(parents=True)
    for name in ("conf", "src", "data/01_raw"):
        shutil.copytree(PROJECT / name, folder / name)
    shutil.copy(PROJECT / "pyproject.toml", folder)
    environment = {**os.environ, "COLUMNS": "160"}
    if not gpu:
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    done = subprocess.run(
        [sys.executable, "-m", "kedro", "run", "--pipelines", "nas", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    (folder / "run.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-4000:])
    return folder / "data"


def outputs(data: Path, name: str) -> Path:
    """Return the one file of this name below a job's data."""
    return next(path for path in sorted(data.rglob(name)) if path.is_file())


def check_smoke(bench: Bench) -> Check:
    """Run the smoke job on the GPU and on the CPU."""
    trials, chosen, scores = {}, {}, {}
    for device in ("gpu", "cpu"):
        data = run_job(
            bench.folder / f"smoke-{device}",
            *("--env", "smoke", "--params", "nas.job.workers=2"),
            gpu=device == "gpu",
        )
        table = pd.read_parquet(outputs(data, "trials.parquet"))
        trials[device] = sorted(table["key"])
        scores[device] = dict(zip(table["trial_id"], table["score"], strict=True))
        best = json.loads(outputs(data, "best_architecture.json").read_text())
        chosen[device] = best["key"]
    faults = []
    if trials["gpu"] != trials["cpu"]:
        faults.append(f"other trials: {trials}")
    if chosen["gpu"] != chosen["cpu"]:
        faults.append(f"another architecture was chosen: {chosen}")
    return Check("smoke", faults, {"chosen": chosen, "scores": scores})


class MemoryWatch:
    """Reads the memory in use on the first GPU every second, within a block."""

    def __init__(self) -> None:
        self.used_mb: list[float] = []
        self.total_mb = 0.0
        self.culprit = ""
        self.busy_percent: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        query = "memory.used,memory.total,utilization.gpu"
        command = ["nvidia-smi", f"--query-gpu={query}"]
        while not self._ended.wait(1.0):
            printed = subprocess.run(
                [*command, "--format=csv,noheader,nounits"],
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            ).stdout.splitlines()
            if printed:
                used, self.total_mb, busy = map(float, printed[0].split(","))
                if used > MEMORY_SHARE * self.total_mb and not self.culprit:
                    self.culprit = largest_process()
                self.used_mb.append(used)
                self.busy_percent.append(busy)


def largest_process() -> str:
    """Return the line of `nvidia-smi` on the process that uses most of the card."""
    query = "--query-compute-apps=used_memory,pid,process_name"
    printed = subprocess.run(
        ["nvidia-smi", query, "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    return max(printed, key=lambda line: int(line.split(",")[0]), default="")


def check_job(bench: Bench, budget_s: int) -> Check:
    """Run the whole job for a budget, and read what it says of itself."""
    began = time.monotonic()
    with MemoryWatch() as watch:
        data = run_job(
            bench.folder / "job", "--params", f"nas.budget_s={budget_s}", gpu=True
        )
    took_s = time.monotonic() - began
    metrics = json.loads(outputs(data, "test_metrics.json").read_text())
    ledger = read_json_lines(outputs(data, "ledger.jsonl"))
    measured = [line for line in ledger if line.get("event") == "measured"]
    table = pd.read_parquet(outputs(data, "trials.parquet"))
    largest = max(watch.used_mb) / watch.total_mb
    faults = [
        f"trial {row.trial_id!s} {row.status!s}: {row.reason!s}"
        for row in table.itertuples()
        if row.status == "failed"
    ]
    if largest > MEMORY_SHARE:
        faults.append(f"{largest:.0%} of the card's memory was taken: {watch.culprit}")
    if not measured:
        faults.append("batch size, XLA and bfloat16 were not measured")
    if took_s > 1.1 * budget_s + 30:
        faults.append(f"took {took_s:.0f} s of {budget_s}")
    return Check(
        "job",
        faults,
        {
            "budget_s": budget_s,
            "took_s": round(took_s),
            "trials": len(table),
            "test": metrics,
            "measured": measured,
            "memory_share": round(largest, 3),
            "gpu_busy_percent": round(float(np.mean(watch.busy_percent)), 1),
        },
    )


def run_check(check: Callable[[], Check], name: str) -> Check:
    """Run one check; one that breaks is a fault, and the others still run."""
    began = time.monotonic()
    try:
        found = check()
    except Exception as error:  # noqa: BLE001 - whatever breaks it is a fault
        found = Check(name, [f"{type(error).__name__}: {error}"])
    found.figures["seconds"] = round(time.monotonic() - began, 1)
    verdict = "ok" if not found.faults else "FAULT"
    print(f"{name:<12} {verdict:<6} {found.figures['seconds']:>6} s", flush=True)
    for fault in found.faults:
        print(f"    {fault}", flush=True)
    return found


def main() -> int:
    """Run the checks, write the results, print the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", help="names of checks")
    parser.add_argument("--budget-s", type=int, default=120)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--child")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.child:
        print(time_fit(ImageStore.open(options.store), options.batch))
        return 0
    gpus = find_gpus()
    if not gpus.names:
        print(gpus.problem or "There is no GPU on this machine.")
        print("gpu-check: no GPU, nothing was checked")
        return 1
    with tempfile.TemporaryDirectory() as name:
        table = pd.read_parquet(IMAGES)
        store, _ = prepare_images(
            table.groupby("split").head(600) if options.quick else table,
            DataPreparationOptions(),
            seed=SEED,
            workspace=Path(name),
        )
        bench = Bench(Path(name), store)
        compiled = not options.quick
        checks: dict[str, Callable[[], Check]] = {
            "layers": lambda: check_layers(
                bench, compiled=compiled, workers=options.workers
            ),
            "determinism": lambda: check_determinism(bench),
            "speed": lambda: check_speed(bench),
            "smoke": lambda: check_smoke(bench),
            "job": lambda: check_job(bench, options.budget_s),
        }
        wanted = options.only or (["layers"] if options.quick else list(checks))
        found: list[Check] = []
        for one in wanted:
            found.append(run_check(checks[one], one))
            write(found, options.out, list(gpus.names))
    n_faults = sum(len(check.faults) for check in found)
    print(f"gpu-check: {n_faults} faults in {len(found)} checks")
    return 1 if n_faults else 0


def write(found: list[Check], path: Path, gpus: list[str]) -> None:
    """Write what was found as JSON."""
    card = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    result = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "environment": describe_environment().model_dump(mode="json"),
        "cards": card,
        "gpus": gpus,
        "seed": SEED,
        "checks": [vars(check) for check in found],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, default=str) + "\n")


if __name__ == "__main__":
    sys.exit(main())
