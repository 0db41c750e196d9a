"""How many epochs the final training of a network will have."""

from __future__ import annotations

from collections.abc import Sequence

from kedro_nas.accounting.budget_plan import estimate_epoch_s
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.budget import JobBudget
from kedro_nas.records.search import Finalist

# of the epochs that a worker alone would have time for, times the workers: a team
# averages its weights, and stronger augmentation takes longer. A job of 900 s on two
# workers trained 108 epochs where 132 were estimated without it.
TEAM_SHARE = 0.85


def estimate_final_epochs(
    one: Finalist,
    others: Sequence[Finalist],
    budget: JobBudget,
    options: ExportOptions,
    *,
    size_ratio: float,
    workers: int,
) -> float | None:
    """Estimate the epochs of a final training.

    The seconds are those of the budget's plan, which a killed and resumed job does not
    change; a job that was faster than planned has more of them.

    Args:
        one: The network.
        others: All contestants; those that were measured give the seconds per MAC.
        budget: Of the job.
        options: `params:nas.export`.
        size_ratio: Rows of the final training per training row of the search.
        workers: Training processes, which train the network together.

    Returns:
        The epochs; None without a limit in seconds, or where nothing was measured.
    """
    if options.epochs is not None:
        return options.epochs
    epoch_s = size_ratio * estimate_epoch_s(one, others)
    by_hand = None if options.budget_s == "auto" else options.budget_s
    limits = [limit for limit in (by_hand, budget.plan.final_s) if limit is not None]
    if not limits or not epoch_s:
        return None
    return TEAM_SHARE * workers * min(limits) / options.seeds / epoch_s
