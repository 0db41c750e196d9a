"""How many epochs the final training of a network will have, and its folds."""

from __future__ import annotations

from collections.abc import Sequence

from kedro_nas.accounting.budget_plan import estimate_epoch_s
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.budget import BudgetPlan
from kedro_nas.records.search import Finalist

# of the epochs that a worker alone would have time for, times the workers: a team
# averages its weights, and stronger augmentation takes longer. A job of 900 s on two
# workers trained 108 epochs where 132 were estimated without it.
TEAM_SHARE = 0.85
FOLD_SHARE = 0.5  # of the final epochs, at least: shorter folds rank other networks


def seconds_per_model(plan: BudgetPlan, options: ExportOptions) -> float | None:
    """Return the wall seconds of each final training; None without a limit.

    They are those of the budget's plan, which a killed and resumed job does not change;
    a job that was faster than planned has more.

    Args:
        plan: Of the job's budget.
        options: `params:nas.export`.
    """
    by_hand = None if options.budget_s == "auto" else options.budget_s
    limits = [limit for limit in (by_hand, plan.final_s) if limit is not None]
    return min(limits) / options.seeds if limits else None


def estimate_final_epochs(
    one: Finalist,
    others: Sequence[Finalist],
    plan: BudgetPlan,
    options: ExportOptions,
    *,
    size_ratio: float,
    workers: int,
) -> float | None:
    """Estimate the epochs of a final training.

    Args:
        one: The network.
        others: All contestants; those that were measured give the seconds per MAC.
        plan: Of the job's budget.
        options: `params:nas.export`.
        size_ratio: Rows of the final training per training row of the search.
        workers: Training processes, which train the network together.

    Returns:
        The epochs; None without a limit in seconds, or where nothing was measured.
    """
    if options.epochs is not None:
        return options.epochs
    epoch_s = size_ratio * estimate_epoch_s(one, others)
    seconds = seconds_per_model(plan, options)
    if seconds is None or not epoch_s:
        return None
    return TEAM_SHARE * workers * seconds / epoch_s
