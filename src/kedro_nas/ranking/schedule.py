"""How the seconds of a budget are spent on folds and final fits."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kedro_nas.accounting.job_budget import (
    FIT_START_S,
    affordable_epochs,
    final_limit_s,
    ranking_seconds,
    seconds_per_epoch,
    side_by_side,
)
from kedro_nas.data.store import ImageStore
from kedro_nas.files import write_json
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.ranking.plan import CrossValidationPlan, plan_cross_validation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """What the first session of a ranking decides, and the sessions after it follow.

    Attributes:
        plan: What is trained.
        limit_s: Seconds of all its sessions together, None for no limit.
        left_s: What the search left of the pipeline's budget for ranking and final
            fit, or None.
    """

    plan: CrossValidationPlan
    limit_s: float | None
    left_s: float | None

    def left_after(self, seconds: float) -> float | None:
        """Return what the ranking leaves to the final fit; None for no limit."""
        return None if self.left_s is None else max(0.0, self.left_s - seconds)


def make_schedule(
    store: ImageStore,
    contestants: list[dict[str, Any]],
    verdict: Mapping[str, Any],
    options: RankingOptions,
    *,
    full_epochs: int,
    left_s: float | None,
    workers: int,
) -> Schedule:
    """Fit the cross-validation into its own budget and its share of the pipeline's.

    Args:
        store: For the sizes of folds.
        contestants: Who may be compared.
        verdict: Of the data profile.
        options: `params:nas.ranking`.
        full_epochs: Of a network that is trained to the end.
        left_s: What the search left of the pipeline's budget, or None.
        workers: Tasks trained side by side.
    """
    granted = _granted(store, contestants, options, full_epochs, left_s, workers)
    limits = [limit for limit in (options.budget_s, granted) if limit is not None]
    limit_s = min(limits, default=None)
    share = (store.n_folds - 1) / store.n_folds
    plan = plan_cross_validation(
        contestants,
        n_folds=min(options.folds or store.n_folds, store.n_folds),
        n_repeats=min(options.repeats or verdict["n_repeats"], store.n_repeats),
        epochs=options.epochs or full_epochs,
        budget_s=limit_s,
        workers=workers,
        size_ratio=len(store.rows("dev")) * share / max(1, len(store.rows("train"))),
    )
    return Schedule(plan, limit_s, left_s)


def keep_schedule(path: Path, make: Callable[[], Schedule]) -> Schedule:
    """Return the schedule an earlier session made, or make it and keep it.

    A ranking that goes on after a kill follows its first schedule: folds of other
    lengths would have to be trained anew.

    Args:
        path: JSON file, whose name tells what the schedule belongs to.
        make: Gives a new schedule.
    """
    if path.exists():
        known = json.loads(path.read_text())
        plan = {**known["plan"], "reasons": tuple(known["plan"]["reasons"])}
        return Schedule(CrossValidationPlan(**plan), known["limit_s"], known["left_s"])
    schedule = make()
    write_json(path, asdict(schedule))
    return schedule


def final_epochs(
    store: ImageStore,
    best: Mapping[str, Any],
    contestants: list[dict[str, Any]],
    options: RankingOptions,
    workers: int,
) -> int:
    """Return the epochs of the final fit that its budgets afford, at least one.

    Args:
        store: For the number of folds.
        best: `nas.best_architecture` with the epochs wanted and `final_left_s`.
        contestants: With measured seconds per epoch of a fold.
        options: `final_budget_s` and `seeds`.
        workers: Fits trained side by side.
    """
    wanted = int(best["epochs"])
    limit = final_limit_s(best, options)
    # folds were trained on all development rows but their own
    ratio = store.n_folds / (store.n_folds - 1)
    winner = [c for c in contestants if c["key"] == best["key"]]
    per_epoch = _fit_seconds(contestants, winner, options.seeds)
    epochs = affordable_epochs(
        wanted,
        side_by_side(per_epoch, workers) * ratio,
        None if limit is None else limit - FIT_START_S,
    )
    if epochs < wanted:
        logger.warning("Final fit: %d epochs instead of %d.", epochs, wanted)
    return epochs


def _granted(
    store: ImageStore,
    contestants: list[dict[str, Any]],
    options: RankingOptions,
    full: int,
    left: float | None,
    workers: int,
) -> float | None:
    """Return the seconds of the pipeline's budget that the folds may take."""
    if left is None:
        return None
    ratio = len(store.rows("dev")) / max(1, len(store.rows("train")))
    finalists = [c for c in contestants if not c["is_baseline"]]
    epochs = options.final_epochs or options.final_factor * full
    per_epoch = _fit_seconds(contestants, finalists, options.seeds)
    fits = [seconds * ratio * epochs for seconds in per_epoch]
    wanted = FIT_START_S + side_by_side(fits, workers)
    if options.final_budget_s is not None:
        wanted = min(wanted, options.final_budget_s)
    return ranking_seconds(left, wanted)


def _fit_seconds(
    contestants: list[dict[str, Any]], winners: list[dict[str, Any]], seeds: int
) -> list[float]:
    """List the seconds of an epoch of each final fit: the winner's, the baseline's.

    Args:
        contestants: All.
        winners: Who may win; the slowest of them counts.
        seeds: Fits of the winner.
    """
    slowest = max((seconds_per_epoch(c, contestants) for c in winners), default=0.0)
    others = [c for c in contestants if c["is_baseline"] and c not in winners]
    return [slowest] * seeds + [seconds_per_epoch(c, contestants) for c in others]
