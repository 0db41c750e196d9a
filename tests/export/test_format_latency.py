"""`kedro_nas.export.format_latency`: how fast the exported files are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from kedro_nas.export import format_latency
from kedro_nas.export.format_latency import measure_formats
from kedro_nas.export.formats import EXPORTERS
from kedro_nas.latency.operator_files import write_network
from kedro_nas.latency.probe_files import draw_networks
from kedro_nas.records.latency import MeasuredLatency


@pytest.mark.slow
def test_each_device_format_is_timed_with_one_and_all_threads(tmp_path: Path) -> None:
    """The program of the model card is what is timed."""
    pytest.importorskip("ai_edge_litert")
    network = draw_networks([(16, 16, 3)], 1, 0)[0]
    (tmp_path / "model.tflite").write_bytes(write_network(network))
    exporters = [EXPORTERS["keras"], EXPORTERS["litert"]]
    found = measure_formats(exporters, tmp_path, (16, 16, 3))

    assert list(found.formats) == ["litert"]
    assert found.formats["litert"].one_thread.threads == 1
    assert found.formats["litert"].all_threads.median_ms > 0
    assert found.cores


def test_all_threads_are_those_this_process_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container with two cores of sixty-four, sixty-four threads wait in turn."""
    asked: list[int] = []

    def measure(program: str, *, threads: int, **_: object) -> MeasuredLatency:
        asked.append(threads)
        return MeasuredLatency(
            median_ms=1, p90_ms=1, p99_ms=1, threads=threads, calls=9
        )

    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr(format_latency, "cpu_numbers", lambda: [0, 1])
    monkeypatch.setattr(format_latency, "measure_program", measure)
    found = measure_formats([EXPORTERS["litert"]], tmp_path, (16, 16, 3))

    assert asked == [1, 2]
    assert found.formats["litert"].all_threads.threads == 2


def test_files_that_tensorflow_loads_are_left_out(tmp_path: Path) -> None:
    """Importing TensorFlow would take longer than all the rest."""
    found = measure_formats([EXPORTERS["saved_model"]], tmp_path, (16, 16, 3))

    assert found.formats == {}
