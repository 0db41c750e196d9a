"""Latency of the exported files on this machine, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kedro_nas.devices import cpu_numbers
from kedro_nas.environment import describe_environment
from kedro_nas.export.formats import Exporter, packages_to_read
from kedro_nas.latency.measurement import measure_program
from kedro_nas.records.latency import ExportLatency, FormatLatency

# What sets the threads of a runtime before a format's own program loads its file.
_THREADS = {
    "ai_edge_litert": """
import functools
from ai_edge_litert import interpreter as runtime
runtime.Interpreter = functools.partial(runtime.Interpreter, num_threads={threads})
""",
    "onnxruntime": """
import functools
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = {threads}
onnxruntime.InferenceSession = functools.partial(
    onnxruntime.InferenceSession, sess_options=options
)
""",
}
_CALL = """
pixels = numpy.random.default_rng(0).integers(0, 256, {shape}).astype(numpy.uint8)
time_calls(lambda: predict(pixels))
"""


def measure_formats(
    exporters: Iterable[Exporter], folder: Path, image_shape: tuple[int, int, int]
) -> ExportLatency:
    """Time each file of a device format, with one thread and with all of them.

    Timed are the files of LiteRT and ONNX Runtime, whose threads can be set. Files that
    TensorFlow loads are not what a device runs, and its import takes longer than all of
    this; `nas.test_metrics` has the time of the model in Keras.

    Args:
        exporters: Formats that were written.
        folder: The folder of exports.
        image_shape: Height, width, channels.

    Raises:
        ExportError: A file cannot be run.
    """
    here = describe_environment()
    call = _CALL.format(shape=(1, *image_shape))
    found = {}
    for each in exporters:
        runtime = next((n for n in packages_to_read(each) if n in _THREADS), None)
        if runtime is None:
            continue
        one, every = (
            measure_program(
                _THREADS[runtime].format(threads=threads) + each.snippet() + call,
                what=each.file_name,
                threads=threads,
                folder=folder,
            )
            for threads in (1, len(cpu_numbers()))
        )
        found[each.name] = FormatLatency(one_thread=one, all_threads=every)
    return ExportLatency(
        processor=here.processor,
        cores=here.cores,
        platform=here.platform,
        formats=found,
    )
