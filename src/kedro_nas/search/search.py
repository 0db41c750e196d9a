"""The door of the package: from a space and a data set to trials and finalists."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from typing_extensions import Self

from kedro_nas.accounting.job_budget import search_budget
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import SearchError
from kedro_nas.models.spaces import load_search_space
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.process_identity import ProcessIdentity
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.search.baseline import make_baseline
from kedro_nas.search.calibration import affordable_macs
from kedro_nas.search.driver import Driver, Trial
from kedro_nas.search.finalists import choose_finalists
from kedro_nas.search.interrupt import stoppable
from kedro_nas.search.ladder import Ladder, Limits, make_ladder, make_limits
from kedro_nas.search.ledger import Ledger, LedgerMismatchError
from kedro_nas.search.live_line import Progress
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.step_speed import measure_once
from kedro_nas.search.tables import (
    contestant,
    incumbents,
    rank_correlations,
    trials_table,
)
from kedro_nas.search.validation import validation_share
from kedro_nas.search.workspace import claim_workspace, put_aside
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture, halved
from kedro_nas.space.costs import count_macs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.tasks import KINDS, Epoch, Task
from kedro_nas.training.workers.lease import lease_pool
from kedro_nas.writer_lock import one_writer

logger = logging.getLogger(__name__)


@one_writer
def search_architectures(
    store: ImageStore,
    search_space: dict[str, Any],
    profile: dict[str, Any],
    workspace: Path,
    options: SearchOptions,
    ranking: RankingOptions,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Search, or go on with a search that was interrupted.

    Args:
        store: Images; only `train` and `val` rows are read.
        search_space: `nas.search_space`.
        profile: `nas.dataset_profile`; its verdict is obeyed.
        workspace: Directory; the search keeps its state under `search/`.
        options: `params:nas.search`.
        ranking: How many finalists are wanted.
        seed: The root seed.

    Returns:
        `nas.trials` and `nas.finalists`.

    Raises:
        SearchError: The workspace belongs to another search, another run writes into
            it, or nothing trained.
        SearchSpaceError: The user's own baseline does not keep its contract.
    """
    began = time.monotonic()
    space = load_search_space(search_space)
    baseline = make_baseline(ranking.baseline, store)
    folder = Path(workspace) / "search"

    def searched() -> tuple[Ledger, _Search, str]:
        claim_workspace(folder, store, space, options, profile["verdict"], seed)
        ledger = Ledger(folder / "ledger.jsonl", began=began)
        with (
            ledger.beating(),
            _Search(store, space, profile, folder, ledger, options, seed) as search,
        ):
            return ledger, search, search.run()

    try:
        ledger, search, ended_by = searched()
    except LedgerMismatchError as error:
        if options.on_change == "refuse":
            raise
        put_aside(folder, f"{error.failed}, {error.received}")
        ledger, search, ended_by = searched()
    trials = trials_table(ledger.events)
    finalists = _finalists(trials, baseline, ranking)
    summary = _summary(trials, ledger, space, options, ended_by, search.top_epochs)
    summary["seconds_before"] = search.seconds_before
    summary["baseline"] = ranking.baseline
    summary["execution"] = search.execution.model_dump()
    return trials, {"finalists": finalists, "search": summary}


class _Search:
    """Puts the parts of one search together, and takes them apart again."""

    def __init__(
        self,
        store: ImageStore,
        space: SearchSpace,
        profile: dict[str, Any],
        folder: Path,
        ledger: Ledger,
        options: SearchOptions,
        seed: int,
    ) -> None:
        self._store, self._options = store, options
        self._verdict = profile["verdict"]
        self._folder, self._ledger, self._seed = folder, ledger, seed
        self.seconds_before = float(profile.get("seconds", 0.0)) + space.seconds
        self._budget_s = search_budget(options, self.seconds_before)
        space, self.execution = measure_once(
            store,
            space,
            folder,
            ledger,
            options,
            bn_momentum=self._verdict["bn_momentum"],
            budget_s=self._budget_s,
        )
        self._space = space
        ladder = make_ladder(options, space, len(store.rows("train")))
        limits = make_limits(options, self._verdict["mode"])
        self.top_epochs = ladder.max_epochs
        self._rung0_share = validation_share(
            store.labels[store.rows("val")],
            options.objective_for(self._verdict),
            options.rung0_standard_error,
        )
        proposer = RandomProposer(space, seed=derive_seed(seed, "proposer"))
        oracle = self._oracle(proposer, ladder, limits)
        self._progress = Progress(
            options.progress,
            budget_s=self._budget_s,
            total_trials=ladder.trials_within(limits),
            clock=lambda: ledger.seconds,
        )
        self._driver = Driver(
            space=space,
            oracle=oracle,
            proposer=proposer,
            ledger=ledger,
            make_task=self._task,
            calibrate=self._calibrate,
            checkpoints=folder / "checkpoints",
            progress=self._progress,
            objective=options.objective_for(self._verdict),
            budget_s=self._budget_s,
            max_attempts=options.max_attempts,
        )

    def _oracle(
        self, proposer: RandomProposer, ladder: Ladder, limits: Limits
    ) -> HyperbandOracle:
        return HyperbandOracle(
            space=self._space,
            proposer=proposer,
            max_epochs=ladder.max_epochs,
            min_epochs=ladder.min_epochs,
            factor=ladder.factor,
            limits=limits,
            slope_places=self._options.slope_places,
            seed=derive_seed(self._seed, "oracle"),
        )

    def _calibrate(self, trial: Trial, epoch: Epoch) -> float | None:
        """Return the MACs that fit the share of the budget one epoch may take."""
        options = self._options
        if self._budget_s is None or options.max_epoch_share is None:
            return None
        seconds, max_macs = affordable_macs(
            epoch,
            macs=count_macs(trial.architecture),
            steps=self._steps_per_epoch(),
            allowed_s=options.max_epoch_share * self._budget_s,
        )
        logger.info(
            "One epoch of candidate 0 takes %.1f s here; candidates above %.1f million "
            "MACs are not drawn.",
            seconds,
            max_macs / 1e6,
        )
        return max_macs

    def _steps_per_epoch(self) -> int:
        batch = max(a.recipe.batch_size for a in self._space.anchors)
        return max(1, len(self._store.rows("train")) // batch)

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
            objective=self._options.objective_for(self._verdict),
            patience=self._options.patience,
            smoothing_epochs=self._options.smoothing_epochs,
            validation_share=self._rung0_share if has_rungs else 1.0,
            share_epochs=trial.first_epochs if has_rungs else None,
            bn_momentum=self._verdict["bn_momentum"],
            class_weights=self._verdict["class_weights"],
            max_resident_mb=self._options.max_resident_mb,
            execution=self.execution,
            threads=self._options.threads_per_worker,
        )

    def run(self) -> str:
        with outages_explained(SearchError, self._folder), stoppable():
            return self._run()

    def _run(self) -> str:
        options = self._options
        if self._budget_s is not None and self._ledger.seconds >= self._budget_s:
            logger.info("The search has used its budget; nothing is trained anew.")
            return "budget"
        here = asdict(ProcessIdentity.current())
        self._ledger.append("session", **here, budget_s=self._budget_s)
        self._sweep()
        log = self._folder.parent / "workers.log"
        with self._progress, lease_pool(options, log) as pool:
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


def _finalists(
    trials: pd.DataFrame, baseline: Architecture, ranking: RankingOptions
) -> list[dict[str, Any]]:
    done = trials[trials["status"] == "completed"]
    if done.empty:
        reasons = sorted(set(trials["reason"])) or ["no trial was begun"]
        raise SearchError(
            "no trial was completed",
            received="; ".join(str(reason) for reason in reasons[:3]),
            allowed="at least one completed trial",
            remedy="Raise nas.search.budget_s, or mend what made the trials fail",
        )
    names = choose_finalists(
        trials,
        n=ranking.finalists,
        last=ranking.last,
        max_per_family=ranking.max_per_family,
    )
    rows = trials.set_index("trial_id", drop=False)
    entries = [
        contestant(_architecture(rows, name), rows.loc[name], is_baseline=False)
        for name in names
    ]
    # the recipe of the leading finalist: what is compared is the network, not how
    # long somebody looked for its learning rate
    recipe = _architecture(rows, names[0]).recipe
    baseline = baseline.model_copy(update={"recipe": recipe})
    same = rows[(rows["key"] == baseline.key) & (rows["status"] == "completed")]
    row = None if same.empty else same.iloc[-1]
    entries.append(contestant(baseline, row, is_baseline=True))
    return entries


def _architecture(rows: pd.DataFrame, name: str) -> Architecture:
    return Architecture.model_validate_json(str(rows.loc[name, "architecture"]))


def _summary(
    trials: pd.DataFrame,
    ledger: Ledger,
    space: SearchSpace,
    options: SearchOptions,
    ended_by: str,
    top_epochs: int,
) -> dict[str, Any]:
    kinds = (*KINDS, "wait")
    top = trials["rung"] == trials["bracket"]  # bracket b has the rungs 0 to b
    epochs = trials["epochs"] - trials["epoch_start"]
    return {
        "n_trials": len(trials),
        "n_architectures": int(trials["key"].nunique()),
        "n_failed": int((trials["status"] == "failed").sum()),
        "n_stopped": int((trials["status"] == "stopped").sum()),
        "epochs_trained": int(epochs.sum()),
        "seconds": ledger.events[-1]["t"],
        "seconds_full_training": float(trials.loc[top, "seconds_train"].sum()),
        "seconds_by_kind": {k: float(trials[f"seconds_{k}"].sum()) for k in kinds},
        "budget_s": options.budget_s,
        "ended_by": ended_by,
        "workers": _workers(ledger),
        "max_epochs": top_epochs,
        "acceptance": space.model_dump(mode="json")["acceptance"],
        "rank_correlation": rank_correlations(trials),
        "incumbent": incumbents(ledger.events),
        "sessions": len(ledger.of("session")),
        "lost_workers": len(ledger.of("lost")),
        **{k: ledger.events[0][k] for k in ("seed", "environment")},
    }


def _workers(ledger: Ledger) -> int:
    return 1 + max((int(e["worker"]) for e in ledger.of("started")), default=0)
