"""A network against a bound of latency: measured on this machine, or predicted."""

from __future__ import annotations

import logging
from importlib.util import find_spec

from kedro_nas.latency.measurement import is_this_machine, measure_network
from kedro_nas.records.latency import (
    LatencyBound,
    LatencyCheck,
    MeasuredLatency,
    NetworkLatency,
)
from kedro_nas.space.architecture import Architecture

logger = logging.getLogger(__name__)


def why_not_measured(bound: LatencyBound) -> str:
    """Return why networks cannot be measured against a bound here, '' if they can."""
    if not is_this_machine(bound.machine):
        return f"{bound.device} is another machine; measure the exported file there"
    if find_spec("ai_edge_litert") is None:
        return "the LiteRT runtime is not installed (extra litert)"
    return ""


def measure_for_bound(
    architecture: Architecture, bound: LatencyBound, *, name: str
) -> MeasuredLatency:
    """Measure a network on this machine, as its bound is meant.

    Args:
        architecture: The network.
        bound: A bound on this machine.
        name: The network in a line, for the log.

    Raises:
        ExportError: The LiteRT runtime refuses the network.
    """
    measured = measure_network(architecture, threads=bound.machine.threads)
    logger.info(
        "Latency of %s: median %.3g ms, 90th percentile %.3g ms, bound %.3g ms.",
        name,
        measured.median_ms,
        measured.p90_ms,
        bound.max_ms,
    )
    return measured


def check_network(
    architecture: Architecture,
    bound: LatencyBound,
    *,
    key: str,
    name: str,
    predicted_ms: float | None,
) -> LatencyCheck:
    """Measure one network if the bound is one on this machine; else it is predicted.

    Args:
        architecture: The network.
        bound: The bound.
        key: By which the result is looked up.
        name: The network in a line.
        predicted_ms: Predicted median; None where it cannot be predicted.

    Raises:
        ExportError: The LiteRT runtime refuses the network.
    """
    reason = why_not_measured(bound)
    measured = None if reason else measure_for_bound(architecture, bound, name=name)
    one = NetworkLatency(
        key=key,
        name=name,
        predicted_ms=predicted_ms,
        measured=measured,
        fits=bound.allows(predicted_ms, measured),
    )
    return LatencyCheck(bound=bound, networks=(one,), reason=reason)
