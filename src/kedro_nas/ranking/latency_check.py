"""Contestants against the bound of latency: measured here, or else predicted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from kedro_nas.files import append_json_line, read_json_lines
from kedro_nas.latency.measurement import is_this_machine, measure_network
from kedro_nas.records.latency import (
    LatencyBound,
    LatencyCheck,
    MeasuredLatency,
    NetworkLatency,
)
from kedro_nas.records.search import Finalist

logger = logging.getLogger(__name__)


def check_latency(
    contestants: Sequence[Finalist], bound: LatencyBound | None, folder: Path
) -> LatencyCheck | None:
    """Measure each contestant on this machine, if the bound is one on this machine.

    Args:
        contestants: Of the ranking.
        bound: Of the search; None for none.
        folder: Keeps what was measured in `latency.jsonl`, so that a ranking that is
            resumed chooses as before.

    Returns:
        None without a bound.

    Raises:
        ExportError: The LiteRT runtime refuses a network.
    """
    if bound is None:
        return None
    reason = _why_not_measured(bound)
    return LatencyCheck(
        bound=bound,
        networks=tuple(
            _latency(one, bound, None if reason else _measured(one, bound, folder))
            for one in contestants
        ),
        reason=reason,
    )


def _why_not_measured(bound: LatencyBound) -> str:
    if not is_this_machine(bound.machine):
        return f"{bound.device} is another machine; measure the exported file there"
    if find_spec("ai_edge_litert") is None:
        return "the LiteRT runtime is not installed (extra litert)"
    return ""


def _measured(one: Finalist, bound: LatencyBound, folder: Path) -> MeasuredLatency:
    path = folder / "latency.jsonl"
    threads = bound.machine.threads
    for line in read_json_lines(path):
        if (line["network_key"], line["threads"]) == (one.network_key, threads):
            return MeasuredLatency.model_validate(line["measured"])
    measured = measure_network(one.architecture, threads=threads)
    logger.info(
        "Latency of %s: median %.3g ms, 90th percentile %.3g ms, bound %.3g ms.",
        one.name,
        measured.median_ms,
        measured.p90_ms,
        bound.max_ms,
    )
    folder.mkdir(parents=True, exist_ok=True)
    line = {"network_key": one.network_key, "threads": threads}
    append_json_line(path, {**line, "measured": measured.model_dump()})
    return measured


def _latency(
    one: Finalist, bound: LatencyBound, measured: MeasuredLatency | None
) -> NetworkLatency:
    return NetworkLatency(
        key=one.key,
        name=one.name,
        predicted_ms=one.latency_ms,
        measured=measured,
        fits=bound.allows(one.latency_ms, measured),
    )
