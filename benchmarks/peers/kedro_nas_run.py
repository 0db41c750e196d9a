"""kedro-nas: `kedro run --pipelines nas` as shipped, with `nas.budget_s` alone.

The run has a project folder of its own, with this repository's configuration and the
table under the name that the catalog gives it. A second session runs the same command
again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from contract import Job, Journal, Result, read_job, versions_of
from linked_project import link_project

POLL_S = 0.2


def main() -> None:
    """Run, then read what the run wrote."""
    job = read_job()
    folder = job.folder
    link_project(folder, job.data)
    checkpoints = folder / "data/06_models/nas/workspace"
    if job.spent:
        Journal(job.journal, job).resumed(last_save(checkpoints, job))
    parameters = f"nas.budget_s={job.seconds},nas.seed={job.seed}"
    command = [str(Path(sys.executable).with_name("kedro")), "run"]
    process = subprocess.Popen(
        [*command, "--pipelines", "nas", "--params", parameters], cwd=folder
    )
    searching_s = None
    while process.poll() is None:
        time.sleep(POLL_S)
        if searching_s is None and (checkpoints / "search/ledger.jsonl").exists():
            searching_s = job.elapsed
    if process.returncode:
        sys.exit(process.returncode)
    read_result(folder / "data", job, searching_s or 0.0).write(job.out)


def last_save(workspace: Path, job: Job) -> float:
    """Return when the newest checkpoint was written, in seconds since the job began."""
    saved = [one.stat().st_mtime for one in workspace.rglob("*.npz")]
    began = time.time() - job.elapsed
    return max(0.0, max(saved, default=began) - began)


def read_result(data: Path, job: Job, searching_s: float) -> Result:
    """Return the result of a run from the files it wrote.

    Args:
        data: The run's data folder.
        job: What was asked for.
        searching_s: When the search began, in seconds since the job began.
    """
    metrics = _read(data / "08_reporting/nas/test_metrics.json")
    choice = _read(data / "07_model_output/nas/best_architecture.json")
    search = _read(data / "07_model_output/nas/finalists.json")["search"]
    fit = _read(data / "07_model_output/nas/final_fit.json")
    search_s = search["seconds_by_kind"].get("train", 0.0) / search["workers"]
    fits = (data / "06_models/nas/workspace/final/fits.jsonl").read_text().splitlines()
    finals = [json.loads(line)["outcome"]["seconds"]["train"] for line in fits]
    return Result(
        test_accuracy=metrics["accuracy"],
        n_params=metrics["params"],
        network=choice["name"],
        trials=search["n_trials"],
        epochs=search["epochs_trained"] + fit["epochs"],
        training_s=search_s + sum(finals),
        trained_s=job.elapsed,
        versions=versions_of("kedro-nas", "kedro", "keras", "tensorflow"),
        curve=[
            (round(searching_s + one["seconds"], 2), one["score"])
            for one in search["incumbent"]
        ],
    )


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


if __name__ == "__main__":
    main()
