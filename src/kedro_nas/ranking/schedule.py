"""The plan and time limit of a ranking, decided once and kept over all sessions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kedro_nas.accounting.final_epochs import FOLD_SHARE, estimate_final_epochs
from kedro_nas.data.store import ImageStore
from kedro_nas.files import write_json
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.plan import CrossValidationPlan, plan_cross_validation
from kedro_nas.records.budget import JobBudget
from kedro_nas.records.profile import Verdict
from kedro_nas.records.search import Finalist

logger = logging.getLogger(__name__)

# of the final training's seconds: what the baseline gets where the race had none left
# for it. Without them a job of 300 s ended without a comparison with the baseline; with
# 0.05 its three epochs were cut off on a slow machine.
BASELINE_SHARE = 0.08


@dataclass(frozen=True)
class Schedule:
    """The decisions of a ranking's first session, which later sessions follow.

    Attributes:
        plan: The cross-validation; None where it is not affordable.
        limit_s: Wall seconds of all sessions together, None for no limit. Without a
            cross-validation they are for the baseline, if it has no results.
        reason: Why there is no cross-validation; empty if there is one.
    """

    plan: CrossValidationPlan | None
    limit_s: float | None
    reason: str = ""


def make_schedule(
    store: ImageStore,
    contestants: Sequence[Finalist],
    verdict: Verdict,
    options: RankingOptions,
    final: ExportOptions,
    budget: JobBudget,
    *,
    full_epochs: int,
    workers: int,
) -> Schedule:
    """Return a cross-validation that fits its seconds, or a schedule without one.

    Args:
        store: For the sizes of folds.
        contestants: Finalists and baseline.
        verdict: Of the data profile.
        options: `params:nas.ranking`.
        final: `params:nas.export`.
        budget: Of the job, as the search left it.
        full_epochs: Epochs of a full training.
        workers: Tasks trained side by side.
    """
    limit_s = _limit(options, budget)
    if limit_s == 0:
        return Schedule(
            None,
            min(budget.left_s or 0.0, BASELINE_SHARE * (budget.plan.final_s or 0.0)),
            "the budget covers too few full trainings",
        )
    share = (store.n_folds - 1) / store.n_folds
    ratio = len(store.rows("dev")) / max(1, len(store.rows("train")))
    estimates = [
        estimate_final_epochs(
            one, contestants, budget.plan, final, size_ratio=ratio, workers=workers
        )
        for one in contestants
    ]
    final_epochs = min(filter(None, estimates), default=2 * full_epochs)
    epochs = options.epochs or max(1, round(FOLD_SHARE * final_epochs))
    plan = plan_cross_validation(
        contestants,
        n_folds=min(options.folds or store.n_folds, store.n_folds),
        n_repeats=min(options.repeats or verdict.n_repeats, store.n_repeats),
        epochs=epochs,
        least_epochs=epochs,
        budget_s=limit_s,
        workers=workers,
        size_ratio=ratio * share,
    )
    if not plan.is_affordable:
        return Schedule(
            None,
            limit_s,
            f"two folds of {plan.epochs} epochs, half of the final training, would "
            f"take {plan.expected_s:.1f} s instead of {limit_s:.1f} s",
        )
    for reason in plan.reasons:
        logger.warning("Cross-validation: %s.", reason)
    return Schedule(plan, limit_s)


def keep_schedule(path: Path, make: Callable[[], Schedule]) -> Schedule:
    """Return the schedule of an earlier session, or create and save it.

    A ranking resumed after a kill follows its first schedule: with other epochs all
    folds would have to be repeated.

    Args:
        path: JSON file, whose name identifies the ranking.
        make: Returns a new schedule.
    """
    if path.exists():
        known = json.loads(path.read_text())
        plan = known["plan"]
        if plan is not None:
            reasons = tuple(plan["reasons"])
            plan = CrossValidationPlan(**{**plan, "reasons": reasons})
        return Schedule(plan, known["limit_s"], known["reason"])
    schedule = make()
    write_json(path, asdict(schedule))
    return schedule


def _limit(options: RankingOptions, budget: JobBudget) -> float | None:
    """Return the wall seconds of the ranking; None for no limit."""
    wanted = options.budget_s
    if wanted == "auto":
        wanted = budget.plan.ranking_s
    limits = [limit for limit in (wanted, budget.left_s) if limit is not None]
    return min(limits, default=None)
