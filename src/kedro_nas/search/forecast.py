"""Forecast of a job's time, memory and disk, from timings of candidate 0."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kedro_nas.accounting.budget_plan import divide_budget
from kedro_nas.accounting.final_epochs import (
    FOLD_SHARE,
    TEAM_SHARE,
    seconds_per_model,
)
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.base import Part
from kedro_nas.records.budget import BudgetPlan, PlanKind
from kedro_nas.records.profile import Verdict
from kedro_nas.search import trial_plan
from kedro_nas.search.baseline import make_baseline
from kedro_nas.search.delayed_proposer import explain_waiting
from kedro_nas.search.ladder import DRAWN_COST
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import TrialsPlanned
from kedro_nas.search.network_timing import NetworkTiming
from kedro_nas.search.race import Race
from kedro_nas.space.costs import costs, count_macs

EXAMPLES_S = (60.0, 300.0, 3_600.0, 36_000.0)  # budgets shown for comparison


class Division(Part):
    """How the seconds of a job are divided on this machine.

    Attributes:
        budget_s: Wall seconds of the whole job, None for no limit.
        kind: Whether candidates come from a race or from a search.
        full_trainings: Number of full trainings of candidate 0 within the budget, None
            without one.
        data_s: Seconds of the stages before the search.
        import_s: Of the import of TensorFlow before the search.
        search_s: Of the search, the start of the workers included.
        ranking_s: Of the cross-validation, 0 where there is none.
        final_s: Of the final training.
        finish_s: Of export, proof, test and report.
    """

    budget_s: float | None
    kind: PlanKind
    full_trainings: float | None
    data_s: float
    import_s: float
    search_s: float
    ranking_s: float
    final_s: float
    finish_s: float

    @property
    def total_s(self) -> float:
        """Seconds of the whole job."""
        before = self.data_s + self.import_s + self.search_s + self.ranking_s
        return before + self.final_s + self.finish_s


class Forecast(Part):
    """What the configured job will take.

    Attributes:
        division: Of its seconds.
        examples: Divisions of other budgets, shortest first.
        full_training_s: Wall seconds of a full training of candidate 0 on all workers.
        full_epochs: Epochs of such a training.
        architectures: Networks the search will try; since they differ by an order of
            magnitude in speed, accurate to a factor of two.
        trials: Trials of these networks on all rungs.
        memory_mb: Memory of all processes, MiB.
        disk_mb: Files of the workspace, MiB.
        waiting: A sentence on workers that would wait for outcomes; empty if none.
    """

    division: Division
    examples: tuple[Division, ...]
    full_training_s: float
    full_epochs: int
    architectures: int
    trials: int
    memory_mb: float
    disk_mb: float
    waiting: str = ""


@dataclass(frozen=True)
class JobSetup:
    """The configuration of a job.

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
        timing: What `network_timing.measure_network` found.
        data_s: Seconds the stages before the search have taken.
    """
    work = _Work(store, verdict, setup, timing)
    division = work.divide(setup.budget_s, data_s)
    search = work.search_of(work.plan(setup.budget_s, data_s))
    within = search.within(division.search_s - timing.speed.start_s)
    # float32 weights and two moments
    weights_mb = 12 * costs(timing.candidate_0).params / 2**20
    return Forecast(
        division=division,
        examples=tuple(work.divide(seconds, data_s) for seconds in EXAMPLES_S),
        full_training_s=timing.speed.full_training_s,
        full_epochs=timing.speed.full_epochs,
        architectures=within.architectures,
        trials=within.trials,
        memory_mb=timing.memory_mb * (timing.speed.workers + 1),
        disk_mb=2 * _size_mb(store.path) + within.architectures * weights_mb,
        waiting=search.waiting,
    )


@dataclass(frozen=True)
class _Trials:
    """Trials of a search, and the networks they train."""

    architectures: int
    trials: int


@dataclass(frozen=True)
class _SearchWork:
    """What a search trains once its workers have started.

    Attributes:
        architectures: Networks of one pass.
        trials: Trials of one pass.
        pass_s: Wall seconds of one pass on all workers.
        most_trials: Number of trials after which it ends, None for no limit.
        top_epochs: Epochs of a network that reaches the top rung.
        baseline_cost: Cost of an epoch of the baseline relative to the slowest
            finalist.
        waiting: A sentence on workers that wait for outcomes; empty if none.
    """

    architectures: int
    trials: int
    pass_s: float
    most_trials: int | None
    top_epochs: int
    baseline_cost: float
    waiting: str = ""

    @property
    def wall_s(self) -> float | None:
        """Seconds after which it ends without a budget, None for never."""
        if self.most_trials is None:
            return None
        return self.pass_s * self.most_trials / self.trials

    def within(self, seconds: float) -> _Trials:
        """Return the trials that fit in some seconds, at least one network."""
        passes = seconds / self.pass_s
        if self.most_trials is not None:
            passes = min(passes, self.most_trials / self.trials)
        return _Trials(
            max(1, round(passes * self.architectures)),
            max(1, round(passes * self.trials)),
        )


class _Work:
    """Estimates the seconds of each part of a job from its counts."""

    def __init__(
        self,
        store: ImageStore,
        verdict: Verdict,
        setup: JobSetup,
        timing: NetworkTiming,
    ) -> None:
        self._store, self._verdict = store, verdict
        self._setup, self._timing = setup, timing
        self._baseline = make_baseline(setup.job.baseline, store)
        self._size_ratio = len(store.rows("dev")) / max(1, len(store.rows("train")))

    def plan(self, budget_s: float | None, data_s: float) -> BudgetPlan:
        """Divide a budget in the way the search does."""
        search = self._setup.search
        return divide_budget(
            budget_s,
            data_s,
            self._timing.speed,
            search_s=search.budget_s,
            kind=search.plan,
        )

    def search_of(self, plan: BudgetPlan) -> _SearchWork:
        """Return the training work of a plan's search."""
        with TemporaryDirectory(prefix="kedro_nas_check_") as folder, _quiet():
            ledger = Ledger(Path(folder) / "ledger.jsonl")
            trials = trial_plan.plan_trials(
                self._store,
                self._timing.measured,
                plan,
                self._setup.search,
                baseline=self._baseline,
                mode=self._verdict.mode,
                ledger=ledger,
                seed=self._setup.seed,
            )
            planned = ledger.of(TrialsPlanned)[0]
        if isinstance(trials.schedule, Race):
            return self._race(trials.schedule, trials.top_epochs, planned.max_macs)
        ladder = planned.ladder
        assert ladder is not None  # only a race has none
        epochs_s = ladder.epochs_trained * self._timing.speed.epoch_s * DRAWN_COST
        work_s = epochs_s + ladder.n_trials * self._timing.build_s
        workers = self._timing.speed.workers
        return _SearchWork(
            architectures=ladder.n_architectures,
            trials=ladder.n_trials,
            pass_s=work_s / min(workers, trials.lag or workers),
            most_trials=trials.total,
            top_epochs=ladder.max_epochs,
            baseline_cost=self._baseline_cost(planned.max_macs),
            waiting=explain_waiting(workers, trials.lag),
        )

    def _race(self, race: Race, epochs: int, max_macs: float | None) -> _SearchWork:
        speed = self._timing.speed
        per_mac = speed.epoch_s / count_macs(self._timing.candidate_0)
        each_s = []
        while (network := race.create("check").architecture) is not None:
            epoch_s = per_mac * count_macs(network)
            each_s.append(epochs * epoch_s + self._timing.build_s)
        return _SearchWork(
            architectures=len(each_s),
            trials=len(each_s),
            pass_s=max(*each_s, sum(each_s) / speed.workers),
            most_trials=len(each_s),
            top_epochs=epochs,
            baseline_cost=self._baseline_cost(max_macs),
        )

    def _baseline_cost(self, max_macs: float | None) -> float:
        slowest = max(count_macs(self._timing.candidate_0), max_macs or 0.0)
        return min(1.0, count_macs(self._baseline) / slowest)

    def divide(self, budget_s: float | None, data_s: float) -> Division:
        """Divide a budget, or add up what a job without one takes."""
        plan, speed = self.plan(budget_s, data_s), self._timing.speed
        search = self.search_of(plan)
        whole_s = None if search.wall_s is None else speed.start_s + search.wall_s
        left_s = None
        if budget_s is not None:
            left_s = max(1.0, budget_s - data_s - speed.import_s - speed.finish_s)
        search_s = _least(plan.search_s, whole_s, left_s)
        left_s = None if left_s is None else left_s - search_s
        ranking_s = _least(self._ranking_s(plan, search), left_s)
        left_s = None if left_s is None else left_s - ranking_s
        return Division(
            budget_s=budget_s,
            kind=plan.kind,
            full_trainings=plan.full_trainings,
            data_s=data_s,
            import_s=speed.import_s,
            search_s=search_s,
            ranking_s=ranking_s,
            final_s=self._final_s(left_s, search.top_epochs),
            finish_s=speed.finish_s,
        )

    def _ranking_s(self, plan: BudgetPlan, search: _SearchWork) -> float:
        """Return the seconds of the ranking, ignoring the limit of the job.

        As in `ranking.plan`, there is a cross-validation only if one network and the
        baseline fit over two folds; otherwise only the baseline is trained, on one
        worker, where its seconds allow that.
        """
        options, speed = self._setup.ranking, self._timing.speed
        limit = plan.ranking_s if options.budget_s == "auto" else options.budget_s
        fold_s = self._fold_s(plan, search)
        baseline = search.baseline_cost if self._has_baseline else 0.0

        def wall_s(networks: int, folds: int) -> float:
            built_s = self._timing.build_s * (networks + self._has_baseline)
            return built_s + fold_s * (networks + baseline) * folds

        folds = (options.folds or self._verdict.n_folds) * (
            options.repeats or self._verdict.n_repeats
        )
        wanted_s = wall_s(self._setup.search.finalists, folds)
        if limit is None:
            return wanted_s
        if wall_s(1, 2) <= limit:
            return min(limit, wanted_s)
        if not self._has_baseline:
            return 0.0
        per_mac = speed.epoch_s / count_macs(self._timing.candidate_0)
        epoch_s = per_mac * count_macs(self._baseline)
        alone_s = self._timing.build_s + search.top_epochs * epoch_s
        return alone_s if alone_s <= limit else 0.0

    def _fold_s(self, plan: BudgetPlan, search: _SearchWork) -> float:
        """Return the seconds of candidate 0's training on a fold, on all workers."""
        final, speed = self._setup.export, self._timing.speed
        share = 1 - 1 / self._verdict.n_folds  # of the rows of the final training
        seconds = seconds_per_model(plan, final)
        epochs = self._setup.ranking.epochs
        if epochs is None and final.epochs is None and seconds is not None:
            return FOLD_SHARE * TEAM_SHARE * seconds * share
        if epochs is None and final.epochs is not None:
            epochs = max(1, round(FOLD_SHARE * final.epochs))
        epoch_s = speed.epoch_s * self._size_ratio * share
        return (epochs or search.top_epochs) * epoch_s / speed.workers

    def _final_s(self, left_s: float | None, top_epochs: int) -> float:
        """Return the seconds of the final training."""
        options = self._setup.export
        limit = None if options.budget_s == "auto" else options.budget_s
        if options.epochs is None and (left_s is not None or limit is not None):
            return _least(left_s, limit)
        models = options.seeds + self._has_baseline
        rounds = -(-models // self._timing.speed.workers)
        each_s = self._training_s(self._final_epochs(top_epochs))
        return _least(rounds * each_s, left_s, limit)

    def _final_epochs(self, top_epochs: int) -> int:
        options = self._setup.export
        return options.epochs or round(options.epochs_factor * top_epochs)

    @property
    def _has_baseline(self) -> int:
        return int(self._setup.job.baseline != "none")

    def _training_s(self, epochs: int) -> float:
        """Return the seconds of one training on all development rows."""
        epoch_s = self._timing.speed.epoch_s * self._size_ratio
        return epochs * epoch_s + self._timing.build_s


def _least(*seconds: float | None) -> float:
    return min(each for each in seconds if each is not None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the log messages of plans, which would repeat for each budget."""
    logger, level = trial_plan.logger, trial_plan.logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _size_mb(folder: Path) -> float:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20
