"""Device profiles: made on this machine, or of timings brought back from a device."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from kedro_nas.errors import DataError
from kedro_nas.latency import kedro_nas_device_benchmark as benchmark
from kedro_nas.latency.probe_files import Shape, draw_probes, write_probes
from kedro_nas.latency.timings import DeviceTimings
from kedro_nas.space.device_profile import (
    DeviceProfile,
    add_up,
    cross_check,
    fit_operators,
)

# 720 operators of one visit and 60 networks take 12 s a round on one core; the error of
# the table was 13 % with 480 operators, and 40 networks were few for four factors
N_OPERATORS, N_NETWORKS = 720, 60
IMAGE_SHAPES: tuple[Shape, ...] = ((32, 32, 3), (96, 96, 3))


def prepare_files(
    folder: Path,
    image_shapes: Sequence[Shape] = IMAGE_SHAPES,
    *,
    n_operators: int = N_OPERATORS,
    n_networks: int = N_NETWORKS,
    seed: int = 0,
) -> Path:
    """Write the files that a device times, and the program that times them.

    Args:
        folder: Created if missing.
        image_shapes: Height, width, channels of the images the profile is for.
        n_operators: Operators in the table.
        n_networks: Whole networks.
        seed: Of the random draws.

    Raises:
        ExportError: The LiteRT runtime is not installed.
    """
    probes = draw_probes(
        image_shapes, n_operators=n_operators, n_networks=n_networks, seed=seed
    )
    return write_probes(folder, probes)


def time_here(
    folder: Path, *, seconds: float, threads: int = 1, say: Callable[[str], object]
) -> DeviceTimings:
    """Run the program of a folder in a process of its own, as a device would.

    Args:
        folder: From `prepare_files`.
        seconds: Wall seconds for all files; three rounds are made at least.
        threads: Threads of the runtime.
        say: Called with each line of progress.

    Returns:
        The timings.

    Raises:
        DataError: The program failed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "timings.json"
        command = [sys.executable, str(folder / Path(benchmark.__file__).name)]
        command += [str(folder), "--output", str(output)]
        command += ["--seconds", str(seconds), "--threads", str(threads)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line.strip())
                if line.startswith("round "):
                    say(line.strip())
        if process.returncode or not output.exists():
            raise DataError(
                "the operators could not be timed on this machine",
                received=lines[-1] if lines else "no message",
                allowed="an installed LiteRT runtime",
                remedy="Run pip install 'kedro-nas[litert]'",
            )
        return DeviceTimings.read(output.read_text())


def make_profile(name: str, timings: DeviceTimings) -> DeviceProfile:
    """Make a profile of the timings of a device.

    Args:
        name: Name of the device, for `nas.search_space.device`.
        timings: What `kedro_nas_device_benchmark.py` wrote.
    """
    table, networks = timings.table, timings.networks
    model = fit_operators(table)
    loads = [add_up(model, one.architecture) for one in networks]
    return DeviceProfile(
        name=name,
        date=timings.date,
        machine=timings.device,
        load_before=timings.load_before,
        load_after=timings.load_after,
        seconds=timings.seconds,
        operators=table,
        networks=networks,
        error=cross_check(loads, networks),
    )
