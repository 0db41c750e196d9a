"""`kedro_nas.latency.measurement`: files and networks are timed here."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas.errors import ExportError
from kedro_nas.latency.kedro_nas_device_benchmark import describe_machine
from kedro_nas.latency.measurement import is_this_machine, measure_litert
from kedro_nas.latency.operator_files import write_network
from kedro_nas.latency.probe_files import draw_networks
from kedro_nas.space.device_profile import DeviceMachine

RUNTIME = {"runtime": "ai-edge-litert", "runtime_version": "2", "threads": 1}


def test_this_machine_is_recognised() -> None:
    """Another board is another device; another version of Python is not."""
    here = DeviceMachine.model_validate({**describe_machine(), **RUNTIME})

    assert is_this_machine(here)
    assert is_this_machine(here.model_copy(update={"python": "3.99"}))
    assert not is_this_machine(here.model_copy(update={"cores": here.cores + 1}))
    assert not is_this_machine(here.model_copy(update={"processor": "another"}))


def test_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    """A measurement that failed is no number."""
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"no model")

    with pytest.raises(ExportError, match=r"broken\.tflite cannot be measured"):
        measure_litert(path)


@pytest.mark.slow
def test_percentiles_of_a_file_are_in_order(tmp_path: Path) -> None:
    """Median, 90th and 99th percentile come from the same calls."""
    pytest.importorskip("ai_edge_litert")
    path = tmp_path / "network.tflite"
    path.write_bytes(write_network(draw_networks([(16, 16, 3)], 1, 0)[0]))
    found = measure_litert(path)

    assert 0 < found.median_ms <= found.p90_ms <= found.p99_ms
    assert found.calls >= 10
