"""Checks of training steps: what trains, whether it repeats, and how fast it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from gpu_checks.bench import SEED, Bench, Check, make_task, network
from kedro_nas.data.store import ImageStore
from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture, Recipe, Stem
from kedro_nas.space.registry import attention_names, block_names
from kedro_nas.training.execution import PLAIN
from kedro_nas.training.run import run_tasks
from kedro_nas.training.step_timing import Measured, probe
from kedro_nas.training.workers.local import LocalPool

SCRIPT = Path(__file__).parents[1] / "gpu.py"
COMPILED = Execution(jit_compile=True, precision="mixed_bfloat16")
ACTIVATIONS = ("relu", "swish", "hard_swish")
AUGMENTATIONS = ("light+flip", "strong", "trivial", "medium+mixup", "medium+cutmix")
KERAS_SPEED = 1.0  # at least as fast as `fit`


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
            *(sys.executable, str(SCRIPT), "--child", what),
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
