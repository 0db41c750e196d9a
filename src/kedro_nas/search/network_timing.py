"""Times candidate 0 on this machine as a search does, without saving anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from kedro_nas.accounting.budget_plan import MachineSpeed
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.step_speed import MeasuredSpace, measure_once
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.task_journal import read_journal


@dataclass(frozen=True)
class NetworkTiming:
    """Timing of candidate 0 on all workers at once, as in a search.

    A single worker would be faster: cores share memory bandwidth and clock rate.

    Attributes:
        measured: The search space adapted to this machine, and its speed.
        speed: Speed by which a budget is divided.
        build_s: Seconds to build the network and trace its graphs.
        memory_mb: Resident memory of a worker, MiB.
    """

    measured: MeasuredSpace
    speed: MachineSpeed
    build_s: float
    memory_mb: float

    @property
    def step_s(self) -> float:
        """Seconds of one gradient step."""
        return self.speed.epoch_s / self.speed.steps_per_epoch

    @property
    def candidate_0(self) -> Architecture:
        """The network that was timed."""
        return self.measured.space.anchors[0]


def measure_network(
    store: ImageStore,
    space: SearchSpace,
    verdict: Verdict,
    job: JobOptions,
    budget_s: float | None,
) -> NetworkTiming:
    """Start the workers and time a few gradient steps, without saving anything.

    Args:
        store: Prepared images; only training rows are read.
        space: Search space whose candidate 0 is timed.
        verdict: Of the data profile.
        job: `params:nas.job`.
        budget_s: Of the job; on GPUs a twentieth of it may choose the execution.

    Raises:
        SearchError: Candidate 0 cannot be trained.
    """
    with TemporaryDirectory(prefix="kedro_nas_check_") as place:
        folder = Path(place) / "search"
        measured = measure_once(
            store,
            space,
            folder,
            Ledger(folder / "ledger.jsonl"),
            job,
            verdict=verdict,
            budget_s=budget_s,
            wants_speed=True,
        )
        ended = read_journal(folder / "speed.jsonl").ended
    if measured.speed is None:
        raise SearchError(
            "candidate 0 was not timed",
            received="no speed",
            allowed="a network that trains on this machine",
            remedy="Correct what keeps it from training",
        )
    return NetworkTiming(
        measured=measured,
        speed=measured.speed,
        build_s=median(
            one.outcome.seconds.get("build", 0.0)
            + one.outcome.seconds.get("trace", 0.0)
            for one in ended
        ),
        memory_mb=max(one.outcome.memory_mb for one in ended),
    )
