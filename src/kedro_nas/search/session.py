"""One session of a search: creates its parts and runs them."""

from __future__ import annotations

import logging
from pathlib import Path

from typing_extensions import Self

from kedro_nas.accounting.budget_plan import divide_budget
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.process_identity import ProcessIdentity
from kedro_nas.records.budget import BudgetPlan, PlanKind
from kedro_nas.records.profile import Verdict
from kedro_nas.search.delayed_proposer import explain_waiting
from kedro_nas.search.driver import Driver
from kedro_nas.search.interrupt import stoppable
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import (
    SessionBegun,
    SessionEnded,
    TrialEnded,
    TrialsPlanned,
)
from kedro_nas.search.live_line import Progress
from kedro_nas.search.step_speed import MeasuredSpace, measure_once, measuring_s
from kedro_nas.search.trial import Trial
from kedro_nas.search.trial_plan import plan_trials
from kedro_nas.search.validation import validation_share
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture, halved
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.conditions import Conditions
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.lease import lease_pool

logger = logging.getLogger(__name__)


class SearchSession:
    """Creates the parts of a search and runs it.

    Args:
        store: Images; only `train` and `val` rows are read.
        space: The search space.
        verdict: Of the data profile.
        folder: The search's directory.
        ledger: Events of the search so far.
        options: `params:nas.search`.
        job: `params:nas.job`.
        baseline: The hand-built or custom network that finalists are compared with.
        budget_s: Wall seconds of the whole job, None for no limit.
        spent_s: Wall seconds spent by earlier stages.
        seed: The root seed.

    Attributes:
        plan: How the job's seconds are divided.
        execution: How gradient steps are run.
        proven: Network keys of the proven networks sized to the budget, empty without
            a budget.
        top_epochs: Epochs of the last rung.
    """

    def __init__(
        self,
        store: ImageStore,
        space: SearchSpace,
        verdict: Verdict,
        folder: Path,
        ledger: Ledger,
        options: SearchOptions,
        job: JobOptions,
        *,
        baseline: Architecture,
        budget_s: float | None,
        spent_s: float,
        seed: int,
    ) -> None:
        self._store, self._options, self._job = store, options, job
        self._verdict = verdict
        self._objective = verdict.objective_of(job.objective)
        self._folder, self._ledger, self._seed = folder, ledger, seed
        measured = self._measure(space, budget_s)
        self.execution = measured.execution
        self.plan = self._divide(measured, budget_s, spent_s)
        trials = plan_trials(
            store,
            measured,
            self.plan,
            options,
            baseline=baseline,
            mode=verdict.mode,
            ledger=ledger,
            seed=seed,
        )
        self.proven, self.top_epochs = trials.proven, trials.top_epochs
        self._lag = trials.lag
        self._rung0_share = validation_share(
            store.labels[store.rows("val")],
            self._objective,
            options.rung0_standard_error,
        )
        self._progress = Progress(
            options.progress,
            budget_s=self.plan.search_s,
            total_trials=trials.total,
            clock=lambda: ledger.seconds,
            ended=sum(one.status != "outage" for one in ledger.of(TrialEnded)),
        )
        self._driver = Driver(
            schedule=trials.schedule,
            ledger=ledger,
            make_task=self._task,
            checkpoints=folder / "checkpoints",
            progress=self._progress,
            objective=self._objective,
            budget_s=self.plan.search_s,
            max_attempts=job.max_attempts,
            keeps_checkpoints=options.inherit == "morph",
        )

    def _measure(self, space: SearchSpace, budget_s: float | None) -> MeasuredSpace:
        given = self._options.budget_s
        searching = given if isinstance(given, float) else budget_s
        return measure_once(
            self._store,
            space,
            self._folder,
            self._ledger,
            self._job,
            verdict=self._verdict,
            budget_s=searching,
            wants_speed=searching is not None or self._options.plan == "race",
        )

    def _divide(
        self, measured: MeasuredSpace, budget_s: float | None, spent_s: float
    ) -> BudgetPlan:
        given = self._options.budget_s
        # the measurement counts as spent and extends the search by as much, so that a
        # short search keeps its trials
        took_s = measuring_s(self._ledger)
        plan = divide_budget(
            budget_s,
            spent_s + took_s,
            measured.speed,
            search_s=self._options.budget_s,
            kind=_first_plan_kind(self._ledger) or self._options.plan,
        )
        if given == "auto" and plan.search_s is not None:
            plan = plan.model_copy(update={"search_s": plan.search_s + took_s})
        for reason in plan.reasons:
            logger.info("%s", reason)
        return plan

    def _task(self, trial: Trial, start: int, end: int) -> Task:
        def checkpoint(name: str) -> str:
            return str(self._folder / "checkpoints" / f"{name}.npz")

        has_rungs = trial.first_epochs < self.top_epochs
        conditions = Conditions(self._store, self._verdict, self._job, self.execution)
        task = conditions.task(
            trial.name,
            halved(trial.architecture, trial.halvings),
            rows="search",
            epochs=end,
            seed=derive_seed(self._seed, "trial", trial.architecture.key),
        )
        return task.model_copy(
            update={
                "epoch_start": start,
                "schedule_epochs": self.top_epochs,
                "checkpoint": checkpoint(trial.name),
                "parent": checkpoint(trial.parent) if trial.parent else None,
                "ancestor": trial.ancestor
                and trial.ancestor.model_copy(
                    update={"checkpoint": checkpoint(trial.ancestor.task_id)}
                ),
                "patience": self._options.patience,
                "smoothing_epochs": min(
                    self._options.smoothing_epochs, max(1, end // 3)
                ),
                "validation_share": self._rung0_share if has_rungs else 1.0,
                "share_epochs": trial.first_epochs if has_rungs else None,
                "measures_flips": self._measures_flips(trial),
            }
        )

    def _measures_flips(self, trial: Trial) -> bool:
        """Return whether a trial is the first one and is trained without flips."""
        augmentation = trial.architecture.recipe.augmentation
        return trial.is_first and "flip" not in augmentation.split("+")

    def run(self) -> str:
        """Run the search and return what ended it, see `Driver.run`."""
        with outages_explained(SearchError, self._folder), stoppable():
            return self._run()

    def _run(self) -> str:
        budget_s = self.plan.search_s
        is_over = budget_s is not None and self._ledger.seconds >= budget_s
        if is_over and not self._driver.lacks_required():
            logger.info("The search has used its budget; nothing is trained anew.")
            return "budget"
        here = ProcessIdentity.current()
        self._ledger.append(
            SessionBegun(
                pid=here.pid,
                host=here.host,
                process_start=here.process_start,
                budget_s=budget_s,
            )
        )
        self._delete_partial_checkpoints()
        log = self._folder.parent / "workers.log"
        with self._progress, lease_pool(self._job, log) as pool:
            waiting = explain_waiting(pool.size, self._lag)
            if waiting:
                logger.warning("%s.", waiting)
            ended_by = self._driver.run(pool)
        self._delete_partial_checkpoints()
        self._ledger.append(SessionEnded(ended_by=ended_by))
        return ended_by

    def _delete_partial_checkpoints(self) -> None:
        """Delete partial checkpoints of killed workers; no worker may be writing."""
        for half in (self._folder / "checkpoints").glob(".*.tmp"):
            half.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is KeyboardInterrupt:
            logger.warning(
                "The search was interrupted after %.0f s; run the same command to go "
                "on from %s.",
                self._ledger.seconds,
                self._folder,
            )


def _first_plan_kind(ledger: Ledger) -> PlanKind | None:
    """Return the kind of plan the search started with, also for another budget."""
    begun = ledger.of(TrialsPlanned)
    return begun[0].kind if begun else None
