"""A made-up device whose operators take times by formula, to test profiles with."""

from __future__ import annotations

import functools
import json
from typing import Any

from kedro_nas.latency.probe_files import draw_probes
from kedro_nas.latency.profiling import make_profile
from kedro_nas.latency.timings import DeviceTimings
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.device_profile import DeviceProfile
from kedro_nas.space.operator_model import amounts
from kedro_nas.space.operators import Operator, list_operators

CALL_US = 0.5
MACHINE = {
    "processor": "Made-up Board 4",
    "architecture": "aarch64",
    "cores": 4,
    "system": "Linux 6.1",
    "python": "3.11.2",
}


def operator_us(operator: Operator) -> float:
    """Return 20 MACs a nanosecond, wide layers twice as fast, and 1 GB a second."""
    macs, *_, read, written = amounts(operator)[1:]
    speed = 40e3 if operator.filters >= 64 else 20e3
    return 0.2 + macs / speed + 4 * (read + written) / 1e3


def network_us(architecture: Architecture) -> float:
    """Return the microseconds of a whole network."""
    return CALL_US + 1.1 * sum(map(operator_us, list_operators(architecture)))


def device_json(n_operators: int = 300, n_networks: int = 12) -> dict[str, Any]:
    """Return what the benchmark program would write on this device."""
    shapes = ((16, 16, 3), (32, 32, 3))
    probes = draw_probes(
        shapes, n_operators=n_operators, n_networks=n_networks, seed=0, n_drawn=100
    )
    rows: list[dict[str, Any]] = []
    for operator in probes.operators:
        us = CALL_US + operator_us(operator)
        rows.append({"operator": list(operator), "us": us, "p90_us": us})
    for network in probes.networks:
        us = network_us(network)
        rows.append({"network": network.to_dict(), "us": us, "p90_us": 1.05 * us})
    return {
        "format": 1,
        "manifest_id": "0",
        "date": "2026-11-27T00:00:00+00:00",
        "machine": MACHINE,
        "runtime": "ai-edge-litert",
        "runtime_version": "2.3.0",
        "threads": 1,
        "load_before": 0.1,
        "load_after": 1.0,
        "seconds": 60.0,
        "files": [
            {"file": f"{number}.tflite", "rounds": 3, "calls": 30, **row}
            for number, row in enumerate(rows)
        ],
    }


@functools.cache
def device_profile() -> DeviceProfile:
    """Return a profile of this device."""
    return make_profile("board", DeviceTimings.read(json.dumps(device_json())))
