"""Memory and leftovers of 500 trials of a small space.

    python benchmarks/memory.py            # 500 trials, about 10 minutes
    python benchmarks/memory.py --quick    # 24 trials, growth not judged

Ends with status 1 when the driver's or a worker's memory at the end is more than 10 %
above that after 50 trials, or a process, a checkpoint or half a file is left. No worker
is replaced on the way: the limit for that is far above what these networks take.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from measurement.conclusion import conclude, new_parser, write_result
from sklearn.datasets import load_digits

from kedro_nas.data.prepare import prepare_images
from kedro_nas.files import read_json_lines
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.search.search import search_architectures
from kedro_nas.training.workers.lease import end_kept_pool

HERE = Path(__file__).parent
SEED = 0
GROWTH = 1.10
SETTLED = 50  # trials after which memory should be flat


def resident_mb(process_id: int) -> float:
    """Return the resident memory of a process."""
    words = Path(f"/proc/{process_id}/statm").read_text().split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def watch(
    ledger: Path, samples: list[tuple[int, float]], stop: threading.Event
) -> None:
    """Note the driver's memory against the trials ended."""
    while not stop.wait(1.0):
        ended = ledger.read_bytes().count(b'"event": "ended"') if ledger.exists() else 0
        samples.append((ended, resident_mb(os.getpid())))


def search(folder: Path, n_trials: int) -> dict[str, Any]:
    """Search a small space on 200 digits, and note memory on the way."""
    images, labels = load_digits(return_X_y=True)
    store, profile = prepare_images(
        (images[:200].reshape(-1, 8, 8), labels[:200]),
        DataPreparationOptions(n_folds=2),
        seed=SEED,
        workspace=folder,
    )
    options = SearchSpaceOptions(preset="cpu")
    space = build_search_space(options, profile.facts, seed=SEED)
    samples: list[tuple[int, float]] = []
    stop = threading.Event()
    ledger = folder / "search" / "ledger.jsonl"
    watcher = threading.Thread(target=watch, args=(ledger, samples, stop))
    watcher.start()
    began = time.monotonic()
    trials, _ = search_architectures(
        store,
        space,
        profile,
        folder,
        SearchOptions(
            max_trials=n_trials,
            iterations=10_000,
            max_epochs=4,
            min_steps=1,
            factor=2,
            progress="off",
        ),
        JobOptions(),
        budget_s=None,
        seed=SEED,
    )
    seconds = time.monotonic() - began
    stop.set()
    watcher.join()
    end_kept_pool()
    events = [e for e in read_json_lines(ledger) if e["event"] == "ended"]
    workers = [(i, e["memory_mb"]) for i, e in enumerate(events) if e["memory_mb"]]
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return {
        "trials": len(trials),
        "seconds": seconds,
        "driver_mb": level(samples),
        "worker_mb": level(workers),
        "processes_left": len(children.split()),
        "checkpoints_left": unneeded(folder, trials),
    }


def unneeded(folder: Path, trials: Any) -> int:
    """Count files beside the checkpoints that a longer search would go on from.

    Limits count places in the schedule, so only the last bracket can be unfinished.
    """
    kept = {p.name for p in (folder / "search" / "checkpoints").iterdir()}
    last = trials.iloc[-1][["iteration", "bracket"]]
    is_open = (trials[["iteration", "bracket"]] == last).all(axis=1)
    return len(kept - {f"{name}.npz" for name in trials.loc[is_open, "trial_id"]})


def level(samples: list[tuple[int, float]]) -> dict[str, float]:
    """Return the memory around the 50th trial and over the last ones."""
    early = [mb for n, mb in samples if SETTLED - 10 <= n < SETTLED + 10]
    late = [mb for _, mb in samples[-20:]]
    first = sum(early) / len(early) if early else float("nan")
    return {"settled": first, "end": sum(late) / len(late)}


def main() -> int:
    """Search, write, and judge."""
    parser = new_parser(__doc__)
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as name:
        found = search(Path(name), 24 if quick else 500)
    growth = {
        who: found[f"{who}_mb"]["end"] / found[f"{who}_mb"]["settled"]
        for who in ("driver", "worker")
    }
    for who, ratio in ({} if quick else growth).items():
        mb = found[f"{who}_mb"]
        print(
            f"{who:<8} {mb['settled']:>8.0f} MB {mb['end']:>8.0f} MB at the end, "
            f"{ratio:.2f} x"
        )
    leftovers = found["processes_left"] + found["checkpoints_left"]
    flat = quick or max(growth.values()) <= GROWTH  # 24 trials do not settle
    record = {
        "growth": growth,
        **found,
    }
    if not quick:
        path = HERE / "results" / "memory.json"
        write_result(path, record, seeds=[SEED])
    grown = ", ".join(f"{who} {ratio:.2f} x" for who, ratio in growth.items())
    return conclude(
        f"memory: {found['trials']} trials in {found['seconds']:.0f} s, "
        f"{'growth not judged' if quick else grown}, {leftovers} leftovers",
        passed=flat and leftovers == 0,
    )


if __name__ == "__main__":
    sys.exit(main())
