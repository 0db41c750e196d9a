"""How many workers one driver keeps busy, and how many trials a search may have.

The real driver, oracle, proposer and ledger, each line synced to disk, face simulated
workers: training takes simulated seconds, a minute an epoch on average, with a wide
log-normal spread (0.5), and one training in fifty is lost. The driver's own seconds are
real, and the simulated clock waits for them. Utilisation is the share of worker seconds
that are spent on training until nothing is left to begin. The proposer is `random`.

Bars: a utilisation of 0.95 with 1,000 workers and trials of a minute or more, 1,000
proposals plus reports a second, and less than 2 KB of memory for each further trial.
Ends with status 1 where one is missed. Writes `scale.json` among the results.

    python benchmarks/scale.py [--quick] [--most TRIALS]
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import heapq
import json
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np

from kedro_nas.environment import describe_environment
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.proposers.factories import find_proposer
from kedro_nas.search.delayed_proposer import DelayedProposer
from kedro_nas.search.driver import Driver
from kedro_nas.search.ladder import Ladder, Limits
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.live_line import Progress
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.trial import Trial
from kedro_nas.space.bounds import DataFacts
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event

RESULTS = Path(__file__).parent / "results" / "scale.json"
SEED = 0
EPOCH_S, SIGMA, LOST_SHARE = 60.0, 0.5, 0.02
UTILISATION, PER_SECOND, BYTES = 0.95, 1_000, 2_048
CASES = ((1, 1_000), (10, 1_000), (100, 10_000), (1_000, 10_000), (1_000, 100_000))
QUICK = ((10, 300), (1_000, 1_500))
FACTS = DataFacts(image_shape=(28, 28, 1), n_classes=10, n_train=10_000)


class SimulatedPool:
    """Workers that train in simulated seconds; the driver's own seconds are real."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.now = 0.0
        self.events = 0
        self._spans: list[tuple[float, float]] = []
        self._rng = np.random.default_rng(SEED)
        self._free = list(range(size))
        self._ends: list[tuple[float, int, str, int, int]] = []
        self._last = time.perf_counter()

    def _pass(self) -> None:
        now = time.perf_counter()
        self.now += now - self._last
        self._last = now

    def take_over(self, *_: Any) -> bool:
        """Answer as `WorkerPool.take_over`."""
        return True

    def free(self) -> list[int]:
        """Answer as `WorkerPool.free`."""
        return self._free

    def teammates(self) -> list[int]:
        """Answer as `WorkerPool.teammates`."""
        return self._free

    def holds(self, checkpoint: str) -> int | None:
        """Answer as `WorkerPool.holds`."""
        return None

    def submit(self, task: Task, *, worker: int, remaining_s: float | None) -> None:
        """Answer as `WorkerPool.submit`."""
        self._pass()
        self._free.remove(worker)
        epochs = task.epochs - task.epoch_start
        took = float(epochs * EPOCH_S * self._rng.lognormal(0, SIGMA))
        lost = self._rng.random() < LOST_SHARE
        took *= float(self._rng.random()) if lost else 1.0
        self._spans.append((self.now, self.now + took))
        end = (self.now + took, worker, task.task_id, task.epochs, int(lost))
        heapq.heappush(self._ends, end)

    def wait(self, timeout_s: float) -> list[Event]:
        """Answer as `WorkerPool.wait`."""
        self._pass()
        if not self._ends:
            return []
        self.now = max(self.now, self._ends[0][0])
        events = []
        while self._ends and self._ends[0][0] <= self.now:
            _, worker, name, epochs, lost = heapq.heappop(self._ends)
            self._free.append(worker)
            events.append(self._event(worker, name, epochs, lost=bool(lost)))
        self.events += len(events)
        self._last = time.perf_counter()
        return events

    def _event(self, worker: int, name: str, epochs: int, *, lost: bool) -> Event:
        if lost:
            return Event("lost", worker, name, reason="simulated")
        score = float(self._rng.random())
        history = [
            Epoch(epoch=n, train_loss=1.0, val_accuracy=score, learning_rate=0.1,
                  seconds_train=EPOCH_S)
            for n in range(1, epochs + 1)
        ]  # fmt: skip
        outcome = Outcome(status="completed", history=history, score=score)
        return Event("end", worker, name, outcome=outcome)

    def utilisation(self) -> float:
        """Return the share of worker seconds in use until nothing was left to begin."""
        starts, ends = np.array(self._spans).T
        last = starts.max()
        return float((np.minimum(ends, last) - starts).sum() / (last * self.size))

    def close(self) -> None:
        """End nothing."""


def run(workers: int, trials: int, *, traced: bool = False) -> dict[str, Any]:
    """Run a search of so many trials on so many workers."""
    space = build_search_space(SearchSpaceOptions(preset="cpu"), FACTS, seed=SEED)

    def make_task(trial: Trial, start: int, end: int) -> Task:
        return Task(
            task_id=trial.name, architecture=trial.architecture, store="none",
            rows="search", epoch_start=start, epochs=end, schedule_epochs=9, seed=SEED,
        )  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.jsonl")
        oracle = HyperbandOracle(
            space=space,
            proposer=DelayedProposer(
                find_proposer("random")(space, SEED), lag=None, limits=space.bounds
            ),
            ladder=Ladder(1, 9, 3),
            limits=Limits(iterations=None, max_trials=trials, max_epochs_total=None),
            slope_places=1,
            seed=SEED,
        )
        driver = Driver(
            schedule=oracle, ledger=ledger, make_task=make_task,
            checkpoints=Path(folder), objective="accuracy", budget_s=None,
            progress=Progress("off", budget_s=None, total_trials=trials,
                              clock=lambda: ledger.seconds),
            max_attempts=5,
        )  # fmt: skip
        pool = SimulatedPool(workers)
        if traced:
            tracemalloc.start()
        began, cpu = time.perf_counter(), time.process_time()
        driver.run(pool)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        n = len(driver.trials)
        size = 0
        if traced:
            gc.collect()
            size = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
    return {
        "workers": workers,
        "trials": n,
        "utilisation": pool.utilisation(),
        "driver_s": seconds,
        "driver_cpu_s": cpu_s,
        "per_second": (n + pool.events) / seconds,
        "saturates_at_workers": EPOCH_S * n / seconds,
        "bytes": size,
    }


def bytes_per_trial(trials: int) -> float:
    """Return the memory that each further trial takes."""
    small, large = (run(100, n, traced=True) for n in (trials // 2, trials))
    return (large["bytes"] - small["bytes"]) / (large["trials"] - small["trials"])


def main() -> int:
    """Print the table and the verdict; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--most", type=int, default=100_000, help="trials of a case")
    arguments = parser.parse_args()
    quick = arguments.quick
    cases = QUICK if quick else [c for c in CASES if c[1] <= arguments.most]
    print(" workers   trials  util.    CPU s   per s  full at (workers)")
    rows = []
    for workers, trials in cases:
        row = run(workers, trials)
        rows.append(row)
        print(
            f"{row['workers']:8d} {row['trials']:8d} {row['utilisation']:6.3f} "
            f"{row['driver_cpu_s']:8.1f} {row['per_second']:7.0f} "
            f"{row['saturates_at_workers']:8.0f}",
            flush=True,
        )
    memory = bytes_per_trial(400 if quick else 4_000)
    most = max(rows, key=lambda row: (row["workers"], row["trials"]))
    if not quick:
        record = {
            "date": dt.datetime.now(tz=dt.timezone.utc).date().isoformat(),
            "environment": describe_environment().model_dump(),
            "seed": SEED,
            "rows": rows,
            "bytes_per_trial": memory,
        }
        RESULTS.write_text(json.dumps(record, indent=2) + "\n")
    passed = (
        most["utilisation"] >= UTILISATION
        and most["per_second"] >= PER_SECOND
        and memory < BYTES
    )
    print(
        f"scale: {most['workers']} workers at a utilisation of "
        f"{most['utilisation']:.3f} (bar {UTILISATION}), {most['per_second']:.0f} "
        f"proposals and reports a second (bar {PER_SECOND}), {memory:.0f} bytes a "
        f"trial (bar {BYTES})"
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
