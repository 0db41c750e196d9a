"""The contestants that no other one beats in both accuracy and cost."""

from __future__ import annotations

from kedro_nas.ranking.pairing import Comparison
from kedro_nas.records.latency import LatencyCheck


def find_front(comparison: Comparison, latency: LatencyCheck | None) -> frozenset[str]:
    """Return the keys on the front of mean score against cost.

    Cost is the measured 90th percentile of the latency, or the predicted latency, and
    multiply-adds where no latency is bounded or one of the contestants has none.

    Args:
        comparison: Scores of the contestants.
        latency: Contestants against the bound of latency, or None.
    """
    costs = _latencies(comparison, latency) or {
        key: float(one.macs) for key, one in comparison.contestants.items()
    }
    points = {
        key: (comparison.means[key].mean, costs[key]) for key in comparison.complete
    }
    return frozenset(
        key
        for key, (mean, cost) in points.items()
        if not any(
            other_mean >= mean
            and other_cost <= cost
            and (other_mean, other_cost) != (mean, cost)
            for other_mean, other_cost in points.values()
        )
    )


def _latencies(
    comparison: Comparison, latency: LatencyCheck | None
) -> dict[str, float]:
    """Return the latency of every contestant, empty if one is not known."""
    if latency is None:
        return {}
    found = {
        one.key: one.predicted_ms if one.measured is None else one.measured.p90_ms
        for one in latency.networks
    }
    known = {key: ms for key, ms in found.items() if ms is not None}
    return known if set(comparison.contestants) <= set(known) else {}
