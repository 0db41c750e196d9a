"""Measured latency of files and networks on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from kedro_nas.errors import ExportError
from kedro_nas.latency.kedro_nas_device_benchmark import describe_machine
from kedro_nas.latency.litert_files import write_untrained
from kedro_nas.records.latency import MeasuredLatency
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.device_profile import DeviceMachine

# A round is a tenth of a second at most: on a busy machine one of them is undisturbed
ROUNDS, ROUND_S, LEAST_CALLS, WARM_UP = 10, 0.1, 10, 10
_TIMING = """
import json, sys, time
import numpy

def round_of(call):
    taken, began = [], time.perf_counter()
    while len(taken) < {least} or time.perf_counter() - began < {round_s}:
        before = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - before))
    return taken

def time_calls(call):
    for _ in range({warm_up}):
        call()
    rounds = [round_of(call) for _ in range({rounds})]
    best = min(rounds, key=lambda taken: numpy.percentile(taken, 90))
    values = [float(value) for value in numpy.percentile(best, [50, 90, 99])]
    print("LATENCY", json.dumps(values + [len(best)]))
"""
_LITERT = """
from ai_edge_litert.interpreter import Interpreter
model = Interpreter({file!r}, num_threads={threads})
model.allocate_tensors()
taken = model.get_input_details()[0]
pixels = numpy.random.default_rng(0).integers(0, 256, taken["shape"])
model.set_tensor(taken["index"], pixels.astype(taken["dtype"]))
time_calls(model.invoke)
"""


def measure_litert(path: Path, *, threads: int = 1) -> MeasuredLatency:
    """Time a LiteRT file on single images, in a process of its own.

    Args:
        path: The file.
        threads: Threads of the runtime.

    Raises:
        ExportError: The runtime is missing or refuses the file.
    """
    program = _LITERT.format(file=path.name, threads=threads)
    return measure_program(program, what=path.name, threads=threads, folder=path.parent)


def measure_program(
    program: str, *, what: str, threads: int, folder: Path
) -> MeasuredLatency:
    """Run a program that hands one call to `time_calls`, in a process of its own.

    Args:
        program: Python; `sys` and `numpy` are imported already.
        what: What is timed, for the message.
        threads: Threads of the runtime, for the record.
        folder: Working directory of the process.

    Raises:
        ExportError: The program fails.
    """
    timing = _TIMING.format(
        least=LEAST_CALLS, round_s=ROUND_S, warm_up=WARM_UP, rounds=ROUNDS
    )
    done = subprocess.run(
        [sys.executable, "-c", timing + program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if line.startswith("LATENCY ")]
    if done.returncode or not found:
        raise ExportError(
            f"the latency of {what} cannot be measured",
            received=(done.stderr.strip().splitlines() or ["no message"])[-1],
            allowed="an installed runtime, and a file that it runs",
            remedy="Run pip install 'kedro-nas[litert,onnx]'",
        )
    median, p90, p99, calls = json.loads(found[0].partition(" ")[2])
    return MeasuredLatency(
        median_ms=round(median, 4),
        p90_ms=round(p90, 4),
        p99_ms=round(p99, 4),
        threads=threads,
        calls=calls,
    )


def measure_network(architecture: Architecture, *, threads: int = 1) -> MeasuredLatency:
    """Time a network with random weights, converted as after its training.

    Args:
        architecture: The network.
        threads: Threads of the runtime.

    Raises:
        ExportError: The LiteRT runtime is missing or refuses the network.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = write_untrained(architecture, Path(scratch) / "network.tflite")
        return measure_litert(path, threads=threads)


def is_this_machine(machine: DeviceMachine) -> bool:
    """Return whether a profile was made on a machine like this one."""
    here = describe_machine()
    return all(
        getattr(machine, name) == here[name]
        for name in ("processor", "architecture", "cores")
    )
