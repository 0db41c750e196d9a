"""How many workers one driver keeps busy, and how many trials a search may have.

The real driver, oracle, proposer and ledger face simulated workers: training takes
simulated seconds, a minute an epoch in the middle, with a wide log-normal spread (0.5),
and one training in fifty is lost. The simulated clock waits for the driver, whose own
seconds are CPU seconds of its thread, so that other work on the machine does not count.
Most cases propose by `random`. One learns: the default proposer with 1,000 workers and
the `learning_lag` that the log advises. With `--lag` draws wait for outcomes as if they
were learned from.

Utilisation is the share of worker seconds spent on training: `open` until the last
network was proposed, as in a search that seconds end; `whole` until nothing was left to
begin, as in one that a count of trials ends.

Bars: `open` 0.95 with 1,000 workers and trials of a minute or more, by draws and by the
default proposer; by draws 1,000 proposals plus reports a second, and less than 2 KB of
memory for each further trial. Ends with status 1 where one is missed. Writes
`scale.json` among the results.

    python benchmarks/scale.py [--quick | --lag | --learning] [--most TRIALS]
"""

from __future__ import annotations

import gc
import heapq
import json
import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from measurement.conclusion import conclude, new_parser, write_result

from kedro_nas.files import write_json
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.factories import find_proposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.search.delayed_proposer import ENOUGH_LAG, DelayedProposer
from kedro_nas.search.driver import Driver
from kedro_nas.search.ladder import Ladder, Limits
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.live_line import Progress
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.trial import Trial
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.worker_pool import Event

RESULTS = Path(__file__).parent / "results" / "scale.json"
SEED = 0
LEARNER, WAITING = "portfolio_surrogate", "draws that wait"
EPOCH_S, SIGMA, LOST_SHARE = 60.0, 0.5, 0.02
UTILISATION, PER_SECOND, BYTES = 0.95, 1_000, 2_048
CASES = ((1, 1_000), (10, 1_000), (100, 10_000), (1_000, 10_000), (1_000, 100_000))
QUICK = ((10, 300), (1_000, 3_000))
LEARNING, QUICK_LEARNING = (1_000, 34_000), (50, 1_600)  # workers and trials
MEMORY, QUICK_MEMORY = (6_000, 9_000), (1_000, 2_000)  # numbers of trials
MARGIN = 300  # trials before the last: what is under way at both counts is alike
LAGS, LAG_WORKERS, LAG_TRIALS = (8, 100, 200, 400, 800, 1_600), 100, 4_000
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
        self._lost: set[str] = set()
        self._last_proposal = 0.0
        self._last = time.thread_time()

    def _pass(self) -> None:
        now = time.thread_time()
        self.now += now - self._last
        self._last = now

    def take_over(self, *_: Any) -> bool:
        """Answer as `WorkerPool.take_over`."""
        return True

    def free(self) -> list[int]:
        """Answer as `WorkerPool.free`."""
        return list(self._free)

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
        if task.epoch_start == 0 and task.task_id not in self._lost:
            self._last_proposal = self.now
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
        self._last = time.thread_time()
        return events

    def _event(self, worker: int, name: str, epochs: int, *, lost: bool) -> Event:
        if lost:
            self._lost.add(name)
            return Event("lost", worker, name, reason="simulated")
        score = float(self._rng.random())
        history = [
            Epoch(epoch=n, train_loss=1.0, val_accuracy=score, learning_rate=0.1,
                  seconds_train=EPOCH_S)
            for n in range(1, epochs + 1)
        ]  # fmt: skip
        outcome = Outcome(status="completed", history=history, score=score)
        return Event("end", worker, name, outcome=outcome)

    def utilisation(self, *, whole: bool) -> float:
        """Return the share of worker seconds in use, see above."""
        starts, ends = np.array(self._spans).T
        last = starts.max() if whole else self._last_proposal
        used = np.minimum(ends, last) - np.minimum(starts, last)
        return float(used.sum() / (last * self.size))

    @property
    def trained_s(self) -> float:
        """Worker seconds spent on training."""
        return sum(end - start for start, end in self._spans)

    def close(self) -> None:
        """End nothing."""


class WaitingProposer(RandomProposer[Architecture]):
    """Random search that waits for outcomes as one that learns from them would."""

    learns = True


@dataclass(frozen=True)
class Case:
    """A search to simulate.

    Attributes:
        workers: Their number.
        trials: At least so many.
        proposer: A name, or `draws that wait`.
        lag: `nas.search.learning_lag` where the proposer waits, else None.
    """

    workers: int
    trials: int
    proposer: str = "random"
    lag: int | None = None

    def make_proposer(self, space: SearchSpace) -> Proposer:
        """Return the proposer of a search space."""
        waits = self.proposer == WAITING
        make = WaitingProposer if waits else find_proposer(self.proposer)
        return make(space, SEED)


def run(
    space: SearchSpace, case: Case, *, sizes: dict[int, int] | None = None
) -> dict[str, Any]:
    """Run a search of so many trials on so many workers.

    Args:
        space: The search space.
        case: What is simulated.
        sizes: By number of trials; takes the bytes in use then.
    """
    workers, trials = case.workers, case.trials

    def make_task(trial: Trial, start: int, end: int) -> Task:
        if sizes is not None and driver.n_trials in sizes:
            gc.collect()
            sizes[driver.n_trials] = tracemalloc.get_traced_memory()[0]
        return Task(
            task_id=trial.name, architecture=trial.architecture, store="none",
            rows="search", epoch_start=start, epochs=end, schedule_epochs=9, seed=SEED,
        )  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        if sizes is not None:
            tracemalloc.start()
        ledger = Ledger(Path(folder) / "ledger.jsonl")
        oracle = HyperbandOracle(
            space=space,
            proposer=DelayedProposer(
                case.make_proposer(space), lag=case.lag, limits=space.bounds
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
        began, cpu = time.perf_counter(), time.thread_time()
        driver.run(pool)
        seconds, cpu_s = time.perf_counter() - began, time.thread_time() - cpu
        tracemalloc.stop()
    n = driver.n_trials
    return {
        "workers": workers,
        "trials": n,
        "proposer": case.proposer,
        "learning_lag": case.lag,
        "utilisation_open": pool.utilisation(whole=False),
        "utilisation_whole": pool.utilisation(whole=True),
        "simulated_s": pool.now,
        "driver_s": seconds,
        "driver_cpu_s": cpu_s,
        "per_cpu_second": (n + pool.events) / cpu_s,
        "saturates_at_workers": pool.trained_s / cpu_s,
    }


def bytes_per_trial(space: SearchSpace, first: int, last: int) -> float:
    """Return the memory that each trial takes between two counts of one search.

    The caches of counted networks are full at the first.
    """
    sizes = {first: 0, last - MARGIN: 0}
    run(space, Case(100, last), sizes=sizes)
    small, large = sizes.values()
    return (large - small) / (last - MARGIN - first)


def table(space: SearchSpace, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Run cases of workers, trials and lag, and print a row for each."""
    print(
        " workers   trials proposer                lag   open  whole   CPU s  per s"
        "  full at (workers)"
    )
    rows = []
    for case in cases:
        row = run(space, case)
        rows.append(row)
        print(
            f"{case.workers:8d} {row['trials']:8d} {case.proposer:<20} "
            f"{case.lag or '-':>6} "
            f"{row['utilisation_open']:6.3f} {row['utilisation_whole']:6.3f} "
            f"{row['driver_cpu_s']:7.1f} {row['per_cpu_second']:6.0f} "
            f"{row['saturates_at_workers']:8.0f}",
            flush=True,
        )
    return rows


def dated(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with when it was measured, and how busy the machine was."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"date": now, "load": os.getloadavg()[2], **row}


def judge_learned(row: dict[str, Any]) -> int:
    """Print the verdict on the default proposer; 1 where it misses its bar."""
    used = row["utilisation_open"]
    line = f"scale: {row['workers']} workers with {LEARNER} at {used:.3f}"
    return conclude(f"{line} (bar {UTILISATION})", passed=used >= UTILISATION)


def main() -> int:
    """Print the table and the verdict; 1 where a bar is missed."""
    parser = new_parser(__doc__)
    parser.add_argument("--lag", action="store_true", help="only the lags, no bars")
    parser.add_argument(
        "--learning",
        action="store_true",
        help="only the default proposer; replaces its row among the results",
    )
    parser.add_argument("--most", type=int, default=100_000, help="trials of a case")
    arguments = parser.parse_args()
    space = build_search_space(SearchSpaceOptions(preset="cpu"), FACTS, seed=SEED)
    lags = [Case(LAG_WORKERS, LAG_TRIALS, WAITING, lag) for lag in LAGS]
    if arguments.lag:
        table(space, lags)
        return 0
    quick = arguments.quick
    cases = QUICK if quick else [c for c in CASES if c[1] <= arguments.most]
    workers, trials = QUICK_LEARNING if quick else LEARNING
    learner = Case(workers, trials, LEARNER, ENOUGH_LAG * workers)
    if arguments.learning:
        learned = dated(table(space, [learner])[0])
        write_json(RESULTS, {**json.loads(RESULTS.read_text()), "learning": learned})
        return judge_learned(learned)
    drawn = table(space, [Case(*case) for case in cases])
    learned = dated(table(space, [learner])[0])
    memory = bytes_per_trial(space, *(QUICK_MEMORY if quick else MEMORY))
    most = max(drawn, key=lambda row: (row["workers"], row["trials"]))
    if not quick:
        record = {
            "load": os.getloadavg()[2],
            "rows": drawn,
            "learning": learned,
            "lags": table(space, lags),
            "bytes_per_trial": memory,
        }
        write_result(RESULTS, record, seeds=[SEED])
    missed = judge_learned(learned)
    passed = (
        most["utilisation_open"] >= UTILISATION
        and most["per_cpu_second"] >= PER_SECOND
        and memory < BYTES
        and not missed
    )
    return conclude(
        f"scale: {most['workers']} workers at a utilisation of "
        f"{most['utilisation_open']:.3f} (bar {UTILISATION}), "
        f"{most['per_cpu_second']:.0f} proposals and reports a second (bar "
        f"{PER_SECOND}), {memory:.0f} bytes a trial (bar {BYTES})",
        passed=passed,
    )


if __name__ == "__main__":
    sys.exit(main())
