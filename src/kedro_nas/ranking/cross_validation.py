"""Re-ranks the finalists: every contestant, fresh weights, the same folds."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from kedro_nas.accounting.job_budget import left_s
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import RankingError
from kedro_nas.files import name_of
from kedro_nas.models.custom_blocks import register_blocks_of
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.ranking.choose import rank_contestants
from kedro_nas.ranking.plan import CrossValidationPlan
from kedro_nas.ranking.schedule import (
    final_epochs,
    keep_schedule,
    make_schedule,
)
from kedro_nas.records.search import Execution
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.execution import execution_here
from kedro_nas.training.outage import outages_explained
from kedro_nas.training.run import NOT_BEGUN, TaskResults, run_tasks
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.training.workers.lease import lease_pool
from kedro_nas.training.workers.local import resolve_workers
from kedro_nas.work_clock import WorkClock
from kedro_nas.writer_lock import one_writer

logger = logging.getLogger(__name__)

SCORES = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "log_loss",
    "calibration_error",
)


@one_writer
def rank_finalists(
    store: ImageStore,
    profile: dict[str, Any],
    finalists: dict[str, Any],
    workspace: Path,
    options: RankingOptions,
    search: SearchOptions,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Cross-validate the contestants and choose one.

    Args:
        store: Images; test rows are not read.
        profile: `nas.dataset_profile`.
        finalists: `nas.finalists`.
        workspace: Finished folds are kept in `ranking/folds.jsonl`, and not redone; a
            ranking that was killed goes on with its plan and with what is left of its
            seconds.
        options: `params:nas.ranking`.
        search: `params:nas.search`, for the workers and the objective.
        seed: The root seed; folds have seeds of their own, shared by all contestants.

    Returns:
        `nas.fold_scores`, `nas.ranking` and `nas.best_architecture`.

    Raises:
        RankingError: No contestant completed a fold, or the finalists were chosen
            with another baseline.
        SearchSpaceError: A user's block has changed since the search.
    """
    began = time.monotonic()
    verdict = profile["verdict"]
    contestants = _with_blocks(_invited(finalists, options.baseline))
    full = full_epochs(finalists)
    workers = resolve_workers(search.workers, search.threads_per_worker)
    folder = workspace / "ranking"
    name = _name(store, verdict, finalists, options, search, workers, seed)
    clock = WorkClock.resume(folder / f"clock-{name}.txt", began=began)
    schedule = keep_schedule(
        folder / f"schedule-{name}.json",
        lambda: make_schedule(
            store,
            contestants,
            verdict,
            options,
            full_epochs=full,
            left_s=_left(finalists, search),
            workers=workers,
        ),
    )
    plan = schedule.plan
    for reason in plan.reasons:
        logger.warning("Cross-validation: %s.", reason)
    contestants = _within(contestants, plan)
    measured_once = finalists["search"].get("execution")
    execution = execution_here(measured_once)
    tasks = _tasks(store, contestants, plan, verdict, search, execution, seed)
    deadline = clock.deadline(schedule.limit_s)
    ran = _run(store, tasks, workspace, search, deadline, len(contestants), clock)
    whole, cut = _whole_folds(tasks, ran.outcomes)
    contestants = _as_trained(contestants, tasks, ran.tasks)
    fold_scores = _table(store, contestants, tasks, whole)
    objective = search.objective_for(verdict)
    ranking, best = rank_contestants(
        fold_scores, contestants, options, objective=objective
    )
    best["epochs"] = options.final_epochs or round(options.final_factor * full)
    best["objective"] = objective
    best["execution"] = measured_once
    best["plan"] = {
        "finalists": plan.n_finalists,
        "folds": plan.n_folds,
        "repeats": plan.n_repeats,
        "epochs": plan.epochs,
        "reasons": [*plan.reasons, *cut],
    }
    best["seconds"] = clock.seconds
    measured = _measured(contestants, tasks, ran.outcomes)
    best["final_left_s"] = schedule.left_after(best["seconds"])
    best["epochs"] = final_epochs(store, best, measured, options, workers)
    return fold_scores, ranking, best


def _invited(finalists: dict[str, Any], baseline: str) -> list[dict[str, Any]]:
    """Take the contestants as asked; the baseline was made by the search stage."""
    contestants = list(finalists["finalists"])
    if baseline == "none":
        return [c for c in contestants if not c["is_baseline"]]
    ours = {"auto", "none"}  # the search makes the same network for both
    made = finalists["search"].get("baseline", baseline)
    if made != baseline and not {made, baseline} <= ours:
        raise RankingError(
            "the finalists were chosen with another baseline",
            received=f"nas.ranking.baseline: {baseline}, and finalists with {made}",
            allowed="the same, or none",
            remedy="Run the search stage again; what it has trained is kept",
        )
    return contestants


def _with_blocks(contestants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Register the contestants' blocks, and refuse those that have changed.

    Folds in the journal are those of the old block; the final fit would not be.
    """
    for one in contestants:
        register_blocks_of(Architecture.from_dict(one["architecture"]))
    return contestants


def _name(
    store: ImageStore,
    verdict: dict[str, Any],
    finalists: dict[str, Any],
    options: RankingOptions,
    search: SearchOptions,
    workers: int,
    seed: int,
) -> str:
    """Name a ranking by all that decides what it trains and for how long.

    The seconds of the search are left out: a search that has ended takes some more when
    it is run again, and the ranking after it is the same.
    """
    return name_of(
        store.fingerprint,
        verdict,
        finalists["finalists"],
        finalists["search"].get("epochs_trained"),
        options.model_dump(mode="json"),
        search.pipeline_budget_s,
        search.threads_per_worker,
        search.objective_for(verdict),
        workers,
        seed,
    )


def _left(finalists: dict[str, Any], search: SearchOptions) -> float | None:
    spent = finalists["search"]["seconds_before"] + finalists["search"]["seconds"]
    return left_s(search, spent)


def full_epochs(finalists: dict[str, Any]) -> int:
    """Return the epochs of a network that is trained to the end.

    The median best epoch of the finalists that reached the top of the schedule; the
    whole schedule when none did, since its learning rate falls to zero only there.
    """
    top = int(finalists["search"]["max_epochs"])
    best = [
        c["best_epoch"]
        for c in finalists["finalists"]
        if c["best_epoch"] and c["epochs"] == top
    ]
    return sorted(best)[len(best) // 2] if best else top


def _as_trained(
    contestants: Sequence[dict[str, Any]],
    tasks: Sequence[Task],
    trained: dict[str, Task],
) -> list[dict[str, Any]]:
    """Give each contestant the batch of its folds, for its final fit as well.

    The key stays that of the finalist, which may have had a larger batch.
    """
    networks: dict[str, Architecture] = {}
    for task in tasks:
        key, network = task.architecture.key, trained[task.task_id].architecture
        smallest = networks.setdefault(key, network)
        if network.recipe.batch_size < smallest.recipe.batch_size:
            networks[key] = network
    return [{**c, "architecture": networks[c["key"]].to_dict()} for c in contestants]


def _measured(
    contestants: Sequence[dict[str, Any]],
    tasks: Sequence[Task],
    outcomes: dict[str, Outcome],
) -> list[dict[str, Any]]:
    """Replace the estimates of an epoch's seconds by what the folds took."""
    spent: dict[str, list[float]] = {}
    for task in tasks:
        outcome = outcomes[task.task_id]
        if outcome.status == "completed":
            per_epoch = outcome.seconds["train"] / len(outcome.history)
            spent.setdefault(task.architecture.key, []).append(per_epoch)
    return [
        {**c, "seconds_per_epoch": median(spent[c["key"]])} if c["key"] in spent else c
        for c in contestants
    ]


def _within(
    contestants: list[dict[str, Any]], plan: CrossValidationPlan
) -> list[dict[str, Any]]:
    finalists = [c for c in contestants if not c["is_baseline"]][: plan.n_finalists]
    keys = {c["key"] for c in finalists}
    # a baseline the search found by itself is compared once, as the baseline
    baselines = [c for c in contestants if c["is_baseline"]]
    same = {c["key"] for c in baselines} & keys
    return [c for c in finalists if c["key"] not in same] + baselines


def _tasks(
    store: ImageStore,
    contestants: Sequence[dict[str, Any]],
    plan: CrossValidationPlan,
    verdict: dict[str, Any],
    search: SearchOptions,
    execution: Execution,
    seed: int,
) -> list[Task]:
    """List the folds, all contestants of a fold together so that pairs are whole."""
    return [
        Task(
            task_id=f"fold-{repeat}-{fold}-{contestant['key']}",
            architecture=Architecture.from_dict(contestant["architecture"]),
            store=str(store.path),
            rows=f"fold:{repeat}:{fold}",
            epochs=plan.epochs,
            schedule_epochs=plan.epochs,
            seed=derive_seed(seed, "fold", repeat, fold),
            objective=search.objective_for(verdict),
            bn_momentum=verdict["bn_momentum"],
            class_weights=verdict["class_weights"],
            max_resident_mb=search.max_resident_mb,
            execution=execution,
            threads=search.threads_per_worker,
        )
        for repeat in range(plan.n_repeats)
        for fold in range(plan.n_folds)
        for contestant in contestants
    ]


def _run(
    store: ImageStore,
    tasks: Sequence[Task],
    workspace: Path,
    search: SearchOptions,
    deadline: float | None,
    always_completed: int,
    clock: WorkClock,
) -> TaskResults:
    folder = workspace / "ranking"
    ended = count(1)

    def on_event(task: Task, epoch: Epoch | None, outcome: Outcome | None) -> None:
        if outcome is None or search.progress == "off" or outcome.reason == NOT_BEGUN:
            return
        scores = outcome.fold_scores or {}
        said = f"{scores['accuracy']:.4f}" if scores else outcome.reason
        logger.info(
            "fold %d of %d: %s, %s", next(ended), len(tasks), task.task_id, said
        )

    log = workspace / "workers.log"
    with (
        outages_explained(RankingError, folder),
        clock.ticking(),
        lease_pool(search, log) as pool,
    ):
        ran = run_tasks(
            pool,
            tasks,
            journal=folder / "folds.jsonl",
            fingerprint=store.fingerprint,
            max_attempts=search.max_attempts,
            on_event=on_event,
            deadline=deadline,
            always_completed=always_completed,
            clock=clock,
        )
    if not ran.has_begun:
        clock.leave_out_session()
    return ran


def _whole_folds(
    tasks: Sequence[Task], outcomes: dict[str, Outcome]
) -> tuple[dict[str, Outcome], list[str]]:
    """Leave out the folds the deadline cut for one contestant, for all of them.

    Contestants are compared over the same folds; one whose fold was the last to begin
    should not lose the choice for that.

    Returns:
        The outcomes, and a sentence where folds were left out.
    """
    folds = sorted({task.rows for task in tasks})
    cut = {t.rows for t in tasks if outcomes[t.task_id].status == "stopped"}
    if not cut:
        return outcomes, []
    left = len(folds) - len(cut)
    said = f"{left} fold{'s' * (left != 1)} instead of {len(folds)}: the budget ended"
    logger.warning("Cross-validation: %s.", said)
    changes = {
        "status": "stopped",
        "reason": "the budget ended before every contestant had this fold",
        "fold_scores": None,
    }
    return {
        task.task_id: outcomes[task.task_id].model_copy(update=changes)
        if task.rows in cut
        else outcomes[task.task_id]
        for task in tasks
    }, [said]


def _table(
    store: ImageStore,
    contestants: Sequence[dict[str, Any]],
    tasks: Sequence[Task],
    outcomes: dict[str, Outcome],
) -> pd.DataFrame:
    by_key = {c["key"]: c for c in contestants}
    rows = []
    for task in tasks:
        outcome = outcomes[task.task_id]
        contestant = by_key[task.architecture.key]
        _, repeat, fold = task.rows.split(":")
        train, held_out = store.fold(int(repeat), int(fold))
        scores = outcome.fold_scores or {}
        rows.append(
            {
                "key": contestant["key"],
                "name": contestant["name"],
                "is_baseline": contestant["is_baseline"],
                "repeat": int(repeat),
                "fold": int(fold),
                "status": outcome.status,
                "reason": outcome.reason,
                **{name: scores.get(name) for name in SCORES},
                "epochs": len(outcome.history),
                "n_train": len(train),
                "n_held_out": len(held_out),
                "seconds": sum(outcome.seconds.values()),
                "seed": task.seed,
            }
        )
    return pd.DataFrame(rows).astype(dict.fromkeys(SCORES, "float64"))
