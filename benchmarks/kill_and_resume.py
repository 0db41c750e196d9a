"""Kills a real search at random instants; the end result must be the undisturbed one.

    python benchmarks/kill_and_resume.py --kills 50   # about 25 minutes
    python benchmarks/kill_and_resume.py --quick      # 2 kills

Each kill is a SIGKILL to the driver, to one worker, or to the whole group. Then the
same command is run again, until it ends. The trials table must be equal but for
clocks and worker numbers, the finalists too, and no kill may cost more epochs than
there are workers. Kills that meet no trial under way count, and cost nothing. The
proposer is the default one, which learns; in every second search networks inherit the
weights of those they are grown from (`inherit: morph`).

Ends with status 1 when a table differs or a kill costs more.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.files import read_json_lines
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import DatasetProfile
from kedro_nas.search.search import search_architectures
from kedro_nas.seeds import generator
from kedro_nas.space.search_space import SearchSpace

HERE = Path(__file__).parent
IMAGES = HERE.parent / "data" / "01_raw" / "fashion_mnist_12k.parquet"
SEED = 0
WORKERS = 2
INHERIT = ("none", "morph")
CLOCKS = (
    "worker",
    "started_s",
    "ended_s",
    "seconds",
    "seconds_import",
    "seconds_build",
    "seconds_trace",
    "seconds_train",
    "seconds_validate",
    "seconds_checkpoint",
    "seconds_wait",
)
KILLS = 50  # fewer are a trial run, and write no result
MIN_DELAY_S = 4.0  # the imports: a kill before them tests nothing
MAX_DELAY_S = 16.0


def prepare(folder: Path, max_images: int) -> None:
    """Write the store, the space and the profile that all runs share."""
    store, prepared = prepare_images(
        pd.read_parquet(IMAGES),
        DataPreparationOptions(max_images=max_images),
        seed=SEED,
        workspace=folder,
    )
    profile = prepared.to_json()
    space = build_search_space(
        SearchSpaceOptions(), DatasetProfile.read(profile).facts, seed=SEED
    )
    (folder / "space.json").write_text(space.model_dump_json())
    (folder / "profile.json").write_text(json.dumps(profile))
    (folder / "path.json").write_text(json.dumps(str(store.path)))


def child(folder: Path, workspace: Path, max_trials: int, inherit: Any) -> None:
    """Search to the end and write the table."""
    trials, result = search_architectures(
        ImageStore.open(json.loads((folder / "path.json").read_text())),
        SearchSpace.model_validate_json((folder / "space.json").read_text()),
        DatasetProfile.read(json.loads((folder / "profile.json").read_text())),
        workspace,
        SearchOptions(
            iterations=9,
            max_trials=max_trials,
            max_epochs=9,
            min_steps=1,
            progress="off",
            inherit=inherit,
        ),
        # one trial may be hit again and again by chance
        JobOptions(workers=WORKERS, max_attempts=10),
        budget_s=None,
        seed=SEED,
    )
    trials.to_parquet(workspace / "trials.parquet")
    timed = {"seconds_per_epoch"}
    chosen = [one.model_dump(mode="json", exclude=timed) for one in result.finalists]
    (workspace / "finalists.json").write_text(json.dumps(chosen))


def start(
    folder: Path, workspace: Path, max_trials: int, inherit: str
) -> subprocess.Popen[bytes]:
    """Start a search in a process group of its own."""
    workspace.mkdir(exist_ok=True)
    with (workspace / "child.log").open("ab") as log:
        return subprocess.Popen(
            [
                *(sys.executable, __file__, "--child", "--folder", str(folder)),
                *("--workspace", str(workspace), "--trials", str(max_trials)),
                *("--inherit", inherit),
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )


def children(process_id: int) -> list[int]:
    """List the child processes, from the kernel's own table."""
    listed = Path(f"/proc/{process_id}/task/{process_id}/children")
    return [int(word) for word in listed.read_text().split()] if listed.exists() else []


def kill(process: subprocess.Popen[bytes], target: str, rng: Any) -> str:
    """Send SIGKILL to what is named; a missing worker means the driver."""
    workers = children(process.pid)
    if target == "worker" and workers:
        os.kill(int(rng.choice(workers)), signal.SIGKILL)
        return "worker"
    if target == "group":
        os.killpg(process.pid, signal.SIGKILL)
        return "group"
    process.kill()
    return "driver"


def disturbed(
    folder: Path, workspace: Path, trials: int, kills: int, inherit: str
) -> list[str]:
    """Run to the end under so many kills, or as many as fit before it ends."""
    rng = generator(SEED, "kills", str(workspace.name))
    done: list[str] = []
    while True:
        process = start(folder, workspace, trials, inherit)
        while len(done) < kills:
            try:
                process.wait(float(rng.uniform(MIN_DELAY_S, MAX_DELAY_S)))
                break
            except subprocess.TimeoutExpired:
                target = str(rng.choice(["driver", "worker", "group"]))
                done.append(kill(process, target, rng))
                if done[-1] != "worker":
                    process.wait()
                    break
        if len(done) >= kills:
            process.wait()
        if process.returncode == 0:
            return done
        if process.returncode > 0:  # an error of its own, not a kill
            raise RuntimeError((workspace / "child.log").read_text()[-3000:])


def epochs_lost(workspace: Path) -> list[int]:
    """Count for each kill the epochs it cost at most, from the ledger.

    One for each trial under way, whose unfinished epoch is begun again, and one for
    each finished epoch that is trained a second time afterwards.
    """
    lost: list[int] = []
    running: set[str] = set()
    trained: dict[str, int] = {}  # the last epoch of a trial
    hit_by: dict[str, int] = {}  # the last kill that hit it
    for event in read_json_lines(workspace / "search" / "ledger.jsonl"):
        kind, trial = event["event"], event.get("trial", "")
        if kind == "started":
            running.add(trial)
        elif kind == "epoch" and event["epoch"] <= trained.get(trial, 0):
            lost[hit_by[trial]] += 1
        elif kind == "epoch":
            trained[trial] = event["epoch"]
        elif kind in {"ended", "lost"}:
            running.discard(trial)
        hit = {trial} if kind == "lost" else running if kind == "session" else set()
        if hit:
            hit_by |= dict.fromkeys(hit, len(lost))
            lost.append(len(hit))
            running = running - hit
    return lost


def same(found: Path, expected: Path) -> bool:
    """Compare the tables and finalists of two workspaces; print a difference."""
    try:
        pd.testing.assert_frame_equal(table(found), table(expected))
    except AssertionError as difference:
        print(difference, flush=True)
        return False
    texts = [(folder / "finalists.json").read_text() for folder in (found, expected)]
    return texts[0] == texts[1]


def table(workspace: Path) -> pd.DataFrame:
    """Read a trials table without its clocks."""
    return pd.read_parquet(workspace / "trials.parquet").drop(columns=list(CLOCKS))


def main() -> int:
    """Disturb, compare, write, and judge."""
    parser = new_parser(__doc__)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--child", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--inherit", choices=INHERIT)
    options = parser.parse_args()
    if options.child:
        child(options.folder, options.workspace, options.trials, options.inherit)
        return 0
    kills, trials = (2, 6) if options.quick else (options.kills, options.trials)
    rows: list[dict[str, Any]] = []
    killed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, 400 if options.quick else 1500)
        calm = {inherit: folder / f"calm-{inherit}" for inherit in INHERIT}
        for inherit, workspace in calm.items():
            if start(folder, workspace, trials, inherit).wait() != 0:
                print((workspace / "child.log").read_text()[-3000:])
                return 1
        grown = int(table(calm["morph"])["ancestor_id"].notna().sum())
        while killed < kills:
            began = time.monotonic()
            workspace = folder / f"run-{len(rows)}"
            inherit = INHERIT[len(rows) % len(INHERIT)]
            most = min(6, kills - killed)
            done = disturbed(folder, workspace, trials, most, inherit)
            killed += len(done)
            rows.append(
                {
                    "inherit": inherit,
                    "kills": done,
                    "equal": same(workspace, calm[inherit]),
                    "epochs_lost": epochs_lost(workspace),
                    "seconds": round(time.monotonic() - began, 1),
                }
            )
            print(rows[-1], flush=True)
    worst = max(lost for row in rows for lost in (0, *row["epochs_lost"]))
    equal = sum(row["equal"] for row in rows)
    record = {
        "trials": trials,
        "workers": WORKERS,
        "trials_grown": grown,
        "runs": rows,
    }
    if kills >= KILLS:
        path = HERE / "results" / "kill_and_resume.json"
        write_result(path, record, seeds=[SEED])
    return conclude(
        f"kill_and_resume: {killed} kills in {len(rows)} searches, {equal} ended as "
        f"the undisturbed one, a kill cost at most {worst} epochs; {grown} of {trials} "
        "trials were grown where networks inherit",
        passed=equal == len(rows) and worst <= WORKERS,
    )


if __name__ == "__main__":
    sys.exit(main())
