"""`kedro_nas.latency.profiling`: from timings to a profile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.device import device_json

from kedro_nas.latency.profiling import make_profile, prepare_files, time_here
from kedro_nas.latency.timings import DeviceTimings


def test_profile_of_timings_holds_what_was_timed() -> None:
    """The table, the networks, the machine and its load are kept."""
    value = device_json(n_operators=120, n_networks=6)
    profile = make_profile("board", DeviceTimings.read(json.dumps(value)))

    assert len(profile.operators) + len(profile.networks) == len(value["files"])
    assert profile.machine.processor == "Made-up Board 4"
    assert (profile.load_before, profile.load_after) == (0.1, 1.0)


@pytest.mark.slow
def test_this_machine_is_timed_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Preparing, timing and fitting work together with the real runtime."""
    pytest.importorskip("ai_edge_litert")
    folder = prepare_files(
        tmp_path / "probes", [(16, 16, 3)], n_operators=60, n_networks=6
    )
    lines: list[str] = []
    profile = make_profile("here", time_here(folder, seconds=1, say=lines.append))

    assert any(line.startswith("round 3") for line in lines)
    assert profile.machine.threads == 1
    assert profile.predict_ms(profile.networks[0].architecture) > 0
