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


def test_timings_of_too_few_networks_say_how_many_are_needed() -> None:
    """The error of a profile would rest on a handful of networks."""
    value = device_json(n_operators=60, n_networks=6)
    networks = [one for one in value["files"] if "network" in one]
    rest = [one for one in value["files"] if "network" not in one]
    few = value | {"files": [*rest, *networks[:-1]]}

    with pytest.raises(DataError, match="at least 6 networks have to be timed"):
        DeviceTimings.read(json.dumps(few))


@pytest.mark.parametrize(
    ("place", "value"),
    [("us", "NaN"), ("p90_us", -1.0), ("operator", ["conv", 1]), ("unknown", 3)],
)
def test_timings_with_a_damaged_row_name_its_place(place: str, value: object) -> None:
    """Row and field are given, as a file has hundreds of rows."""
    found = device_json(n_operators=60, n_networks=6)
    found["files"][3][place] = value

    with pytest.raises(DataError, match=rf"files\.3\.{place}"):
        DeviceTimings.read(json.dumps(found))


def test_timings_without_the_load_of_the_device_are_read() -> None:
    """Not every system tells how many processes run."""
    found = device_json(n_operators=60, n_networks=6)
    found |= {"load_before": None, "load_after": None}
    timings = DeviceTimings.read(json.dumps(found))

    assert timings.load_before is None
    assert timings.device.runtime_version == "2.3.0"


def test_timings_in_microseconds_become_milliseconds_of_networks() -> None:
    """Operators are compared in the one unit, networks in the other."""
    found = device_json(n_operators=60, n_networks=6)
    timings = DeviceTimings.read(json.dumps(found))
    by_kind = {
        kind: [one["us"] for one in found["files"] if kind in one]
        for kind in ("operator", "network")
    }

    assert [one.us for one in timings.table] == by_kind["operator"]
    assert [1e3 * one.ms for one in timings.networks] == pytest.approx(
        by_kind["network"]
    )
