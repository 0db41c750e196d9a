"""The wall seconds of the whole pipeline, shared out between its stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions

FINISH_S = 45.0  # export with its proof in a fresh process, test and report, measured

FIT_START_S = 8.0  # of the final fit: build, trace and first run of a graph, saving
RANKING_SHARE = 1 / 3  # of what the search left, at least


def search_budget(options: SearchOptions, spent_s: float) -> float | None:
    """Return the seconds a search may take.

    Args:
        options: `budget_s`, and `pipeline_budget_s` less its reserved share.
        spent_s: By the stages before.
    """
    limits = []
    if options.budget_s is not None:
        limits.append(options.budget_s)
    if options.pipeline_budget_s is not None:
        share = options.pipeline_budget_s * (1 - options.reserved_share)
        limits.append(max(1.0, share - spent_s))
    return min(limits, default=None)


def left_s(options: SearchOptions, spent_s: float) -> float | None:
    """Return what is left of the pipeline's budget for ranking and final fit.

    Args:
        options: `pipeline_budget_s`.
        spent_s: By all stages before.
    """
    if options.pipeline_budget_s is None:
        return None
    return max(0.0, options.pipeline_budget_s - spent_s - FINISH_S)


def ranking_seconds(left: float, final_s: float) -> float:
    """Share what the search left between cross-validation and final fit.

    The fit is granted what it wants as long as a third is left to the folds: without
    them nobody knows what to fit.

    Args:
        left: Seconds for both.
        final_s: Wanted by the final fit.

    >>> ranking_seconds(100, 30), ranking_seconds(90, 300)
    (70, 30.0)
    """
    return max(left - final_s, left * RANKING_SHARE)


def side_by_side(seconds: Sequence[float], workers: int) -> float:
    """Return the wall seconds of tasks that are started in order on free workers.

    >>> side_by_side([3, 2, 2], workers=1), side_by_side([3, 2, 2], workers=2)
    (7.0, 4.0)
    """
    busy = [0.0] * workers
    for each in seconds:
        busy.sort()
        busy[0] += each
    return max(busy)


def affordable_epochs(epochs: int, seconds_per_epoch: float, left: float | None) -> int:
    """Return the epochs of a final fit that fit into what is left, at least one.

    >>> affordable_epochs(9, 10.0, None), affordable_epochs(9, 10.0, 55.0)
    (9, 5)
    """
    if left is None or seconds_per_epoch <= 0:
        return epochs
    return max(1, min(epochs, int(left / seconds_per_epoch)))


def seconds_per_epoch(
    contestant: dict[str, Any], others: list[dict[str, Any]]
) -> float:
    """Estimate an epoch's seconds, by MACs where the search did not measure it.

    By the quickest MACs that were measured: what is not measured is the baseline, and
    its plain 3x3 convolutions are as fast as MACs get.

    Args:
        contestant: An entry of `nas.finalists`.
        others: All entries; those that were measured give the seconds per MAC.
    """
    measured = contestant.get("seconds_per_epoch")
    if measured:
        return float(measured)
    known = [c for c in others if c.get("seconds_per_epoch")]
    if not known:
        return 0.0
    per_mac = min(c["seconds_per_epoch"] / c["macs"] for c in known)
    return float(per_mac * contestant["macs"])


def final_limit_s(best: Mapping[str, Any], options: RankingOptions) -> float | None:
    """Return the seconds of a final fit, all sessions together; None for no limit.

    Args:
        best: `nas.best_architecture`, with what is left of the pipeline's budget.
        options: `final_budget_s`.
    """
    limits = [options.final_budget_s, best.get("final_left_s")]
    return min((limit for limit in limits if limit is not None), default=None)
