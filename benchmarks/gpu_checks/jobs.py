"""Checks of whole jobs: the smoke run on GPU and CPU, and the main job."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
from typing_extensions import Self

from gpu_checks.bench import Bench, Check
from kedro_nas.files import read_json_lines

PROJECT = Path(__file__).parents[2]
MEMORY_SHARE = 0.5  # of the card, over all processes


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
