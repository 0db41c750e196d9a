"""What contestants cost, and those that no other beats in both accuracy and cost."""

from __future__ import annotations

from math import inf

from kedro_nas.parameters.base import CostName
from kedro_nas.ranking.pairing import Comparison
from kedro_nas.records.latency import LatencyCheck
from kedro_nas.statistics.pareto_front import is_on_front


def contestant_costs(
    comparison: Comparison, cost: CostName, latency: LatencyCheck | None
) -> dict[str, float]:
    """Return a cost of each contestant by its key.

    Args:
        comparison: Scores of the contestants.
        cost: `params`; `macs` per image; or `latency`, milliseconds as measured at the
            90th percentile, or else predicted.
        latency: Contestants against the bound of latency, or None.

    Returns:
        Costs; infinite for a latency that is not known.
    """
    if cost == "latency":
        return {key: _latency_ms(latency, key) or inf for key in comparison.contestants}
    return {
        key: float(one.params if cost == "params" else one.macs)
        for key, one in comparison.contestants.items()
    }


def find_front(comparison: Comparison, latency: LatencyCheck | None) -> frozenset[str]:
    """Return the keys on the front of mean score against cost.

    Cost is the latency, and multiply-adds where no latency is bounded or one of the
    contestants has none.

    Args:
        comparison: Scores of the contestants.
        latency: Contestants against the bound of latency, or None.
    """
    costs = contestant_costs(comparison, "latency", latency)
    if inf in costs.values():
        costs = contestant_costs(comparison, "macs", latency)
    keys = comparison.complete
    found = is_on_front(
        [costs[key] for key in keys], [comparison.means[key].mean for key in keys]
    )
    return frozenset(key for key, kept in zip(keys, found, strict=True) if kept)


def _latency_ms(latency: LatencyCheck | None, key: str) -> float | None:
    one = None if latency is None else latency.of(key)
    if one is None:
        return None
    return one.predicted_ms if one.measured is None else one.measured.p90_ms
