"""One search: its parts are put together here, and run."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path

from typing_extensions import Self

from kedro_nas.accounting.budget_plan import divide_budget
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.process_identity import ProcessIdentity
from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.records.budget import BudgetPlan
from kedro_nas.records.profile import Verdict
from kedro_nas.search.driver import Driver, Trial
from kedro_nas.search.interrupt import stoppable
from kedro_nas.search.ladder import Ladder, Limits, make_ladder, make_limits
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.live_line import Progress
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.step_speed import MeasuredSpace, measure_once
from kedro_nas.search.validation import validation_share
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import halved
from kedro_nas.space.costs import count_macs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.lease import lease_pool

logger = logging.getLogger(__name__)


class SearchSession:
    """Puts the parts of one search together, and runs it.

    Args:
        store: Images; only `train` and `val` rows are read.
        space: The search space.
        verdict: Of the data profile.
        folder: The search's directory.
        ledger: What has happened so far.
        options: `params:nas.search`.
        job: `params:nas.job`.
        budget_s: Wall seconds of the whole job, None for no limit.
        spent_s: By the stages before.
        seed: The root seed.

    Attributes:
        plan: How the job's seconds are divided.
        execution: How gradient steps are run.
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
        budget_s: float | None,
        spent_s: float,
        seed: int,
    ) -> None:
        self._store, self._options, self._job = store, options, job
        self._verdict = verdict
        self._objective = verdict.objective_of(job.objective)
        self._folder, self._ledger, self._seed = folder, ledger, seed
        measured = self._measure(space, budget_s)
        self._space, self.execution = measured.space, measured.execution
        self.plan = self._divide(measured, budget_s, spent_s)
        self._budget_s = self.plan.search_s
        ladder = make_ladder(options, self._space, len(store.rows("train")))
        limits = make_limits(options, verdict.mode)
        self.top_epochs = ladder.max_epochs
        self._rung0_share = validation_share(
            store.labels[store.rows("val")],
            self._objective,
            options.rung0_standard_error,
        )
        proposer = RandomProposer(self._space, seed=derive_seed(seed, "proposer"))
        self._progress = Progress(
            options.progress,
            budget_s=self._budget_s,
            total_trials=ladder.trials_within(limits),
            clock=lambda: ledger.seconds,
        )
        self._driver = Driver(
            space=self._space,
            oracle=self._oracle(
                proposer, ladder, limits, self._keep_max_macs(measured)
            ),
            proposer=proposer,
            ledger=ledger,
            make_task=self._task,
            checkpoints=folder / "checkpoints",
            progress=self._progress,
            objective=self._objective,
            budget_s=self._budget_s,
            max_attempts=job.max_attempts,
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
            wants_speed=searching is not None,
        )

    def _divide(
        self, measured: MeasuredSpace, budget_s: float | None, spent_s: float
    ) -> BudgetPlan:
        given = self._options.budget_s
        # what measuring took is spent, or it would eat the trials of a short search
        took_s = max((line["t"] for line in self._ledger.of("speed")), default=0.0)
        plan = divide_budget(
            budget_s,
            spent_s + took_s,
            measured.speed,
            search_s=given,
            kind=self._options.plan,
        )
        if given == "auto" and plan.search_s is not None:
            plan = plan.model_copy(update={"search_s": plan.search_s + took_s})
        for reason in plan.reasons:
            logger.info("%s", reason)
        begun = self._ledger.of("planned")
        return plan.model_copy(update={"kind": begun[0]["kind"]}) if begun else plan

    def _keep_max_macs(self, measured: MeasuredSpace) -> float | None:
        """Return the largest candidates that are drawn, as the first session decided.

        A search that goes on with more seconds has to draw the candidates it has drawn.
        """
        begun = self._ledger.of("planned")
        if begun:
            known: float | None = begun[0]["max_macs"]
            return known
        max_macs = self._max_macs(measured)
        self._ledger.append("planned", kind=self.plan.kind, max_macs=max_macs)
        return max_macs

    def _max_macs(self, measured: MeasuredSpace) -> float | None:
        """Return the MACs whose epoch fits its share of the search's seconds."""
        share, speed = self._options.max_epoch_share, measured.speed
        if share is None or speed is None or self._budget_s is None:
            return None
        allowed_s = share * self._budget_s
        max_macs = allowed_s / speed.epoch_s * count_macs(self._space.anchors[0])
        logger.info(
            "Candidates above %.1f million MACs are not drawn: their epoch would take "
            "more than %.1f s.",
            max_macs / 1e6,
            allowed_s,
        )
        return max_macs

    def _oracle(
        self,
        proposer: Proposer,
        ladder: Ladder,
        limits: Limits,
        max_macs: float | None,
    ) -> HyperbandOracle:
        return HyperbandOracle(
            space=self._space,
            proposer=proposer,
            ladder=ladder,
            max_macs=max_macs,
            limits=limits,
            slope_places=self._options.slope_places,
            seed=derive_seed(self._seed, "oracle"),
        )

    def _task(self, trial: Trial, start: int, end: int) -> Task:
        def checkpoint(name: str) -> str:
            return str(self._folder / "checkpoints" / f"{name}.npz")

        has_rungs = trial.first_epochs < self.top_epochs
        return Task(
            task_id=trial.name,
            architecture=halved(trial.architecture, trial.halvings),
            store=str(self._store.path),
            rows="search",
            epoch_start=start,
            epochs=end,
            schedule_epochs=self.top_epochs,
            seed=derive_seed(self._seed, "trial", trial.architecture.key),
            checkpoint=checkpoint(trial.name),
            parent=checkpoint(trial.parent) if trial.parent else None,
            objective=self._objective,
            patience=self._options.patience,
            smoothing_epochs=self._options.smoothing_epochs,
            validation_share=self._rung0_share if has_rungs else 1.0,
            share_epochs=trial.first_epochs if has_rungs else None,
            bn_momentum=self._verdict.bn_momentum,
            class_weights=self._verdict.class_weights,
            max_resident_mb=self._job.max_resident_mb,
            execution=self.execution,
            threads=self._job.threads_per_worker,
        )

    def run(self) -> str:
        """Search until something ends it; return what: see `Driver.run`."""
        with outages_explained(SearchError, self._folder), stoppable():
            return self._run()

    def _run(self) -> str:
        if self._budget_s is not None and self._ledger.seconds >= self._budget_s:
            logger.info("The search has used its budget; nothing is trained anew.")
            return "budget"
        here = asdict(ProcessIdentity.current())
        self._ledger.append("session", **here, budget_s=self._budget_s)
        self._sweep()
        log = self._folder.parent / "workers.log"
        with self._progress, lease_pool(self._job, log) as pool:
            ended_by = self._driver.run(pool)
        self._sweep()
        self._ledger.append("session_end", ended_by=ended_by)
        return ended_by

    def _sweep(self) -> None:
        """Delete the halves of checkpoints that killed workers left, no one writing."""
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
