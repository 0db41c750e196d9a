"""`kedro_nas.latency.timings`: what a device brings back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.device import device_json

from kedro_nas.errors import DataError
from kedro_nas.latency.timings import DeviceTimings


def test_timings_are_read_by_kind_of_file() -> None:
    """Operators make the table, networks check it."""
    value = device_json(n_operators=60, n_networks=6)
    timings = DeviceTimings.read(json.dumps(value))

    assert len(timings.table) + len(timings.networks) == len(value["files"])
    assert timings.networks[0].p90_ms == pytest.approx(1.05 * timings.networks[0].ms)
    assert (timings.device.processor, timings.device.threads) == ("Made-up Board 4", 1)


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"files": []}, {"machine": {"processor": "x"}}]
)
def test_other_json_is_refused(change: dict[str, Any]) -> None:
    """A file that another program wrote is named as such."""
    value = device_json(n_operators=60, n_networks=6) | change

    with pytest.raises(DataError, match="device_benchmark"):
        DeviceTimings.read(json.dumps(value))
    with pytest.raises(DataError, match="cannot be read"):
        DeviceTimings.read("no json")


def test_timings_that_no_profile_can_be_made_of_are_refused() -> None:
    """No operator, or a call that takes no time, is told before anything is fitted."""
    value = device_json(n_operators=60, n_networks=6)
    only_networks = [one for one in value["files"] if "network" in one]
    first, *others = value["files"]

    with pytest.raises(DataError, match="no operator was timed"):
        DeviceTimings.read(json.dumps(value | {"files": only_networks}))
    with pytest.raises(DataError, match=r"files\.0\.us"):
        DeviceTimings.read(json.dumps(value | {"files": [{**first, "us": 0}, *others]}))
