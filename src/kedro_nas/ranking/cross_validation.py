"""Trains every contestant from new weights on the same folds: the fold scores."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pandas as pd

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import RankingError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.ranking.contestants import as_trained, within_plan
from kedro_nas.ranking.plan import CrossValidationPlan
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution, Finalist
from kedro_nas.seeds import derive_seed
from kedro_nas.training.conditions import Conditions
from kedro_nas.training.run import NOT_BEGUN, OnEvent, run_tasks_of_stage
from kedro_nas.training.tasks import Epoch, Outcome, Task
from kedro_nas.work_clock import WorkClock

logger = logging.getLogger(__name__)

SCORES = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "log_loss",
    "calibration_error",
    "objective_score",
)


@dataclass(frozen=True)
class TrainedFolds:
    """The results of a cross-validation.

    Attributes:
        contestants: As they were trained, some with half the batch.
        fold_scores: `nas.fold_scores`.
        reasons: A sentence if folds were excluded.
    """

    contestants: list[Finalist]
    fold_scores: pd.DataFrame
    reasons: list[str]


def cross_validate(
    store: ImageStore,
    contestants: Sequence[Finalist],
    plan: CrossValidationPlan,
    verdict: Verdict,
    workspace: Path,
    job: JobOptions,
    execution: Execution,
    *,
    seed: int,
    limit_s: float | None,
    clock: WorkClock,
) -> TrainedFolds:
    """Train the folds of a plan.

    Args:
        store: Images; test rows are not read.
        contestants: Finalists, best first, the baseline last if any.
        plan: Number of finalists, folds, repeats and epochs.
        verdict: Of the data profile.
        workspace: Finished folds are kept in `ranking/folds.jsonl` and not repeated.
        job: `params:nas.job`.
        execution: How gradient steps are run.
        seed: The root seed; folds have seeds of their own, shared by all contestants.
        limit_s: Wall seconds, all sessions; None for no limit. The first fold of each
            contestant is always completed.
        clock: Of the ranking.

    Raises:
        RankingError: Storage failed; the same command resumes the ranking.
    """
    chosen = within_plan(contestants, plan)
    tasks = _tasks(chosen, plan, Conditions(store, verdict, job, execution), seed)
    ran = run_tasks_of_stage(
        store,
        tasks,
        job,
        workspace / "ranking" / "folds.jsonl",
        clock,
        RankingError,
        limit_s=limit_s,
        on_event=_logging(len(tasks)),
        always_completed=len(chosen),
    )
    whole, cut = _whole_folds(tasks, ran.outcomes)
    trained = as_trained(chosen, tasks, ran.tasks)
    return TrainedFolds(trained, _table(store, chosen, tasks, whole), cut)


def _tasks(
    contestants: Sequence[Finalist],
    plan: CrossValidationPlan,
    conditions: Conditions,
    seed: int,
) -> list[Task]:
    """Return the tasks, all contestants of a fold in a row to complete pairs early."""
    return [
        conditions.task(
            f"fold-{repeat}-{fold}-{contestant.key}",
            contestant.architecture,
            rows=f"fold:{repeat}:{fold}",
            epochs=plan.epochs,
            seed=derive_seed(seed, "fold", repeat, fold),
        )
        for repeat in range(plan.n_repeats)
        for fold in range(plan.n_folds)
        for contestant in contestants
    ]


def _logging(n_folds: int) -> OnEvent:
    """Return a function that logs each fold as it ends."""
    ended = count(1)

    def on_event(task: Task, epoch: Epoch | None, outcome: Outcome | None) -> None:
        if outcome is None or outcome.reason == NOT_BEGUN:
            return
        scores = outcome.fold_scores or {}
        own = scores.get("objective_score", scores.get("accuracy"))
        said = outcome.reason if own is None else f"{own:.4f}"
        _, repeat, fold, key = task.task_id.split("-", 3)
        logger.info(
            "cross-validation, training %d of %d: network %s, repeat %d, fold %d: %s",
            next(ended),
            n_folds,
            key[:6],
            int(repeat) + 1,
            int(fold) + 1,
            said,
        )

    return on_event


def _whole_folds(
    tasks: Sequence[Task], outcomes: dict[str, Outcome]
) -> tuple[dict[str, Outcome], list[str]]:
    """Exclude folds that the deadline cut for one contestant, for all of them.

    Contestants are compared over the same folds; one should not lose because its fold
    was the last to start.

    Returns:
        The outcomes, and a sentence if folds were excluded.
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
    contestants: Sequence[Finalist],
    tasks: Sequence[Task],
    outcomes: dict[str, Outcome],
) -> pd.DataFrame:
    by_key = {one.architecture.key: one for one in contestants}
    rows = []
    for task in tasks:
        outcome = outcomes[task.task_id]
        contestant = by_key[task.architecture.key]
        _, repeat, fold = task.rows.split(":")
        train, held_out = store.fold(int(repeat), int(fold))
        scores = outcome.fold_scores or {}
        rows.append(
            {
                "key": contestant.key,
                "name": contestant.name,
                "is_baseline": contestant.is_baseline,
                "repeat": int(repeat),
                "fold": int(fold),
                "scored_on": "folds",
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
