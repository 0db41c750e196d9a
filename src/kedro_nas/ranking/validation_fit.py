"""Trains the baseline on the search's training rows for a comparison on validation."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from kedro_nas.accounting.budget_plan import estimate_epoch_s
from kedro_nas.data.store import ImageStore
from kedro_nas.errors import RankingError
from kedro_nas.parameters.job import JobOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Execution, Finalist
from kedro_nas.seeds import derive_seed
from kedro_nas.training.conditions import Conditions
from kedro_nas.training.run import run_tasks_of_stage
from kedro_nas.training.tasks import Outcome
from kedro_nas.work_clock import WorkClock

logger = logging.getLogger(__name__)

BUILD_S = 1.0  # of a network and its graphs: 0.6 to 0.8 s in a race on two cores


def train_baseline(
    store: ImageStore,
    contestants: Sequence[Finalist],
    verdict: Verdict,
    workspace: Path,
    job: JobOptions,
    execution: Execution,
    *,
    seed: int,
    patience: int | None,
    limit_s: float | None,
    clock: WorkClock,
) -> tuple[Finalist, ...]:
    """Train the baseline, if it has no results, as the finalists were trained.

    For as many epochs, or until its patience ends. It is not started if it would not
    end in time with the epochs of the finalist that was trained longest.

    Args:
        store: Images; test rows are not read.
        contestants: Finalists and baseline.
        verdict: Of the data profile.
        workspace: Outcomes are kept in `ranking/validation.jsonl`.
        job: `params:nas.job`.
        execution: How gradient steps are run.
        seed: The root seed; the network gets the seed it would have in the search.
        patience: Epochs without a better score after which it stops, as in the search;
            None for no such limit.
        limit_s: Wall seconds, all sessions; None for no limit.
        clock: Of the ranking.

    Returns:
        The contestants, the baseline with results if it was trained.

    Raises:
        RankingError: Storage failed; the same command resumes the ranking.
    """
    known = [one for one in contestants if one.right]
    epochs = max((one.rung_epochs or 0 for one in known), default=0)
    expected = max((one.epochs or 0 for one in known), default=0)
    missing = [
        one
        for one in contestants
        if one.is_baseline and (not one.right or one.rung_epochs != epochs)
    ]
    if limit_s is not None:
        missing = [
            one
            for one in missing
            if BUILD_S + expected * estimate_epoch_s(one, contestants) <= limit_s
        ]
    if not missing or not epochs:
        return tuple(contestants)
    conditions = Conditions(store, verdict, job, execution)
    tasks = [
        conditions.task(
            f"validation-{one.key}",
            one.architecture,
            rows="search",
            epochs=epochs,
            seed=derive_seed(seed, "trial", one.key),
        ).model_copy(update={"patience": patience})
        for one in missing
    ]
    ran = run_tasks_of_stage(
        store,
        tasks,
        job,
        workspace / "ranking" / "validation.jsonl",
        clock,
        RankingError,
        limit_s=limit_s,
    )
    ended = {task.architecture.key: ran.outcomes[task.task_id] for task in tasks}
    return tuple(_with_results(one, ended.get(one.key), epochs) for one in contestants)


def _with_results(one: Finalist, outcome: Outcome | None, epochs: int) -> Finalist:
    """Return a contestant with what its training gave, if it was completed."""
    if outcome is None or outcome.status != "completed":
        return one
    return one.model_copy(
        update={
            "score": outcome.score,
            "epochs": len(outcome.history),
            "rung_epochs": epochs,
            "right": outcome.right,
            "resampled": outcome.resampled,
        }
    )
