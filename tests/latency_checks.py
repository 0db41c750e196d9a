"""Bounds and measured latencies to test rankings with."""

from __future__ import annotations

from tests.device import MACHINE

from kedro_nas.records.latency import (
    LatencyBound,
    LatencyCheck,
    MeasuredLatency,
    NetworkLatency,
)
from kedro_nas.space.device_profile import DeviceMachine

BOUND = LatencyBound(
    max_ms=10.0,
    device="board",
    machine=DeviceMachine(
        **MACHINE, runtime="ai-edge-litert", runtime_version="2.3.0", threads=1
    ),
    margin=0.2,
)


def measured(p90_ms: float) -> MeasuredLatency:
    """Return a measurement with this 90th percentile."""
    return MeasuredLatency(
        median_ms=0.9 * p90_ms, p90_ms=p90_ms, p99_ms=2 * p90_ms, threads=1, calls=50
    )


def latency_check(reason: str = "", **p90_ms: float) -> LatencyCheck:
    """Return contestants by key with what was measured for them."""
    return LatencyCheck(
        bound=BOUND,
        networks=tuple(
            NetworkLatency(
                key=key,
                name=f"network {key}",
                predicted_ms=9.0,
                measured=measured(ms),
                fits=ms <= BOUND.max_ms,
            )
            for key, ms in p90_ms.items()
        ),
        reason=reason,
    )
