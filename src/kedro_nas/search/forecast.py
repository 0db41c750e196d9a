"""What a job will take, from a few steps of candidate 0 measured on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from kedro_nas.accounting.budget_plan import MachineSpeed, divide_budget
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchError
from kedro_nas.files import read_json_lines
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.base import Part
from kedro_nas.records.budget import PlanKind
from kedro_nas.records.profile import Verdict
from kedro_nas.search.ladder import Ladder, make_ladder, make_limits
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.step_speed import measure_once
from kedro_nas.seeds import generator
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.space.survey import seconds_per_epoch
from kedro_nas.training.tasks import Outcome

EXAMPLES_S = (60.0, 300.0, 3_600.0, 36_000.0)  # budgets that are shown beside one's own
_DRAWS = 60  # architectures whose estimated speed is averaged


@dataclass(frozen=True)
class NetworkTiming:
    """Candidate 0, timed on all workers at once, as a search times and trains it.

    Alone a worker is quicker: cores share memory and clock.

    Attributes:
        space: The search space, its batch size suited to this machine.
        speed: What a budget is divided by.
        build_s: Seconds to build the network and trace its graphs.
        memory_mb: Resident memory of a worker, MiB.
    """

    space: SearchSpace
    speed: MachineSpeed
    build_s: float
    memory_mb: float

    @property
    def step_s(self) -> float:
        """Seconds of one gradient step."""
        return self.speed.epoch_s / self.speed.steps_per_epoch


class Division(Part):
    """How the seconds of a job are divided on this machine.

    Attributes:
        budget_s: Wall seconds of the whole job, None for no limit.
        kind: How candidates are found.
        full_trainings: Full trainings of candidate 0 that the budget affords, None
            without a budget.
        data_s: Seconds of the stages before the search.
        search_s: Of the search, the start of the workers included.
        ranking_s: Of the cross-validation, 0 where there is none.
        final_s: Of the final training.
        finish_s: Of export, proof, test and report.
    """

    budget_s: float | None
    kind: PlanKind
    full_trainings: float | None
    data_s: float
    search_s: float
    ranking_s: float
    final_s: float
    finish_s: float

    @property
    def total_s(self) -> float:
        """Seconds of the whole job."""
        before = self.data_s + self.search_s + self.ranking_s
        return before + self.final_s + self.finish_s


class Forecast(Part):
    """What the configured job will take.

    Attributes:
        division: Of its seconds.
        examples: Divisions of other budgets, shortest first.
        full_training_s: Wall seconds of a full training of candidate 0 on all workers.
        full_epochs: Epochs of such a training.
        architectures: Networks the search will try; they differ by an order of
            magnitude in speed, so it is right within a factor of two.
        trials: Their trainings on all rungs.
        memory_mb: Memory of all processes, MiB.
        disk_mb: Files of the workspace, MiB.
    """

    division: Division
    examples: tuple[Division, ...]
    full_training_s: float
    full_epochs: int
    architectures: int
    trials: int
    memory_mb: float
    disk_mb: float


@dataclass(frozen=True)
class JobSetup:
    """What is configured of a job.

    Attributes:
        search: `params:nas.search`.
        ranking: `params:nas.ranking`.
        export: `params:nas.export`.
        job: `params:nas.job`.
        budget_s: `params:nas.budget_s`.
        seed: `params:nas.seed`.
    """

    search: SearchOptions
    ranking: RankingOptions
    export: ExportOptions
    job: JobOptions
    budget_s: float | None
    seed: int


def measure_network(
    store: ImageStore, space: SearchSpace, verdict: Verdict, setup: JobSetup
) -> NetworkTiming:
    """Start the workers and time a few gradient steps; nothing of it is kept.

    Args:
        store: Prepared images; only training rows are read.
        space: Whose candidate 0 is timed.
        verdict: Of the data profile.
        setup: Of the job.

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
            setup.job,
            verdict=verdict,
            budget_s=setup.budget_s,
            wants_speed=True,
        )
        outcomes = list(_outcomes(folder / "speed.jsonl"))
    if measured.speed is None:
        raise SearchError(
            "candidate 0 was not timed",
            received="no speed",
            allowed="a network that trains on this machine",
            remedy="Correct what keeps it from training",
        )
    return NetworkTiming(
        space=measured.space,
        speed=measured.speed,
        build_s=median(
            one.seconds.get("build", 0.0) + one.seconds.get("trace", 0.0)
            for one in outcomes
        ),
        memory_mb=max(one.memory_mb for one in outcomes),
    )


def _outcomes(journal: Path) -> Iterator[Outcome]:
    for line in read_json_lines(journal):
        if "outcome" in line:
            yield Outcome.model_validate(line["outcome"])


def forecast(
    store: ImageStore,
    verdict: Verdict,
    setup: JobSetup,
    timing: NetworkTiming,
    *,
    data_s: float,
) -> Forecast:
    """Predict seconds, candidates, memory and disk of the configured job.

    Args:
        store: Prepared images.
        verdict: Of the data profile.
        setup: Of the job.
        timing: What `measure_network` found.
        data_s: Seconds the stages before the search have taken.
    """
    work = _Work(store, verdict, setup, timing)
    division = work.divide(setup.budget_s, data_s)
    architectures = work.architectures_within(division.search_s)
    weights_mb = 12 * costs(timing.space.anchors[0]).params / 2**20  # and two moments
    return Forecast(
        division=division,
        examples=tuple(work.divide(seconds, data_s) for seconds in EXAMPLES_S),
        full_training_s=timing.speed.full_training_s,
        full_epochs=timing.speed.full_epochs,
        architectures=round(architectures),
        trials=round(architectures * work.trials_each),
        memory_mb=timing.memory_mb * (timing.speed.workers + 1),
        disk_mb=2 * _size_mb(store.path) + architectures * weights_mb,
    )


class _Work:
    """Seconds of the parts of a job, as far as counts decide them."""

    def __init__(
        self,
        store: ImageStore,
        verdict: Verdict,
        setup: JobSetup,
        timing: NetworkTiming,
    ) -> None:
        self._setup, self._timing, self._verdict = setup, timing, verdict
        self._size_ratio = len(store.rows("dev")) / max(1, len(store.rows("train")))
        self._ladder = make_ladder(setup.search, timing.space, len(store.rows("train")))
        limits = make_limits(setup.search, verdict.mode)
        self._most_trials = self._ladder.trials_within(limits)
        relative = _relative_cost(timing.space, setup.seed)
        self._each_s = _seconds_each(self._ladder, timing, relative)

    @property
    def trials_each(self) -> float:
        """Trials of an architecture, on average."""
        return self._ladder.n_trials / self._ladder.n_architectures

    def divide(self, budget_s: float | None, data_s: float) -> Division:
        """Divide a budget, or add up what a job without one takes."""
        search, speed = self._setup.search, self._timing.speed
        plan = divide_budget(
            budget_s, data_s, speed, search_s=search.budget_s, kind=search.plan
        )
        finish_s = speed.finish_s
        left_s = None if budget_s is None else max(1.0, budget_s - data_s - finish_s)
        search_s = _least(plan.search_s, self._counted_search_s(), left_s)
        left_s = None if left_s is None else left_s - search_s
        ranking_s = _least(self._ranking_s(plan.ranking_s), left_s)
        left_s = None if left_s is None else left_s - ranking_s
        return Division(
            budget_s=budget_s,
            kind=plan.kind,
            full_trainings=plan.full_trainings,
            data_s=data_s,
            search_s=search_s,
            ranking_s=ranking_s,
            final_s=self._final_s(left_s),
            finish_s=finish_s,
        )

    def architectures_within(self, search_s: float) -> float:
        """Return how many architectures so many seconds of search try, at least one."""
        training_s = max(0.0, search_s - self._timing.speed.start_s)
        return max(1.0, training_s * self._timing.speed.workers / self._each_s)

    def _counted_search_s(self) -> float | None:
        """Return the seconds of a search that its counts end, None for no count."""
        if self._most_trials is None:
            return None
        architectures = max(1.0, self._most_trials / self.trials_each)
        wall_s = architectures * self._each_s / self._timing.speed.workers
        return self._timing.speed.start_s + wall_s

    def _ranking_s(self, share_s: float | None) -> float:
        """Return the seconds of the cross-validation, without the job's limit."""
        options = self._setup.ranking
        given = share_s if options.budget_s == "auto" else options.budget_s
        if given is not None:
            return given
        folds = (options.folds or self._verdict.n_folds) * (
            options.repeats or self._verdict.n_repeats
        )
        epochs = options.epochs or max(1, round(self._final_epochs / 2))
        contestants = self._setup.search.finalists + self._has_baseline
        each_s = self._training_s(epochs)
        return contestants * folds * each_s / self._timing.speed.workers

    def _final_s(self, left_s: float | None) -> float:
        """Return the seconds of the final training."""
        options = self._setup.export
        limit = None if options.budget_s == "auto" else options.budget_s
        if options.epochs is None and (left_s is not None or limit is not None):
            return _least(left_s, limit)
        models = options.seeds + self._has_baseline
        rounds = -(-models // self._timing.speed.workers)
        return _least(rounds * self._training_s(self._final_epochs), left_s, limit)

    @property
    def _final_epochs(self) -> int:
        options = self._setup.export
        whole = round(options.epochs_factor * self._ladder.max_epochs)
        return options.epochs or whole

    @property
    def _has_baseline(self) -> int:
        return int(self._setup.job.baseline != "none")

    def _training_s(self, epochs: int) -> float:
        """Return the seconds of one training on all development rows."""
        epoch_s = self._timing.speed.epoch_s * self._size_ratio
        return epochs * epoch_s + self._timing.build_s


def _least(*seconds: float | None) -> float:
    return min(each for each in seconds if each is not None)


def _seconds_each(ladder: Ladder, timing: NetworkTiming, relative: float) -> float:
    """Return the worker seconds of an architecture, on average."""
    epochs = ladder.epochs_trained / ladder.n_architectures
    trials = ladder.n_trials / ladder.n_architectures
    return epochs * timing.speed.epoch_s * relative + trials * timing.build_s


def _relative_cost(space: SearchSpace, seed: int) -> float:
    """Return how much slower than candidate 0 a drawn network is on average."""
    rng = generator(seed, "forecast")
    drawn = [seconds_per_epoch(space.sample(rng), 1) for _ in range(_DRAWS)]
    return float(np.mean(drawn)) / seconds_per_epoch(space.anchors[0], 1)


def _size_mb(folder: Path) -> float:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20
