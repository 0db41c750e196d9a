"""Times small LiteRT files on a device; needs NumPy and a LiteRT runtime only.

    python kedro_nas_device_benchmark.py FOLDER --output my_device.json --seconds 180

FOLDER is what `kedro nas profile-device --prepare FOLDER` wrote, as a folder or a zip
file. Every file is timed again and again in short visits, all files in turn, so that a
disturbance of some seconds does not fall on one of them. The result goes back to the
project: `kedro nas profile-device --name my_device --timings my_device.json`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import platform
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Optional

import numpy as np

MANIFEST = "manifest.json"
FORMAT = 1
WARM_UP = 3
LEAST_BATCHES = 5
BATCH_S = 50e-6  # the clock itself takes 0.3 us, so shorter calls are timed together
COARSEST_CLOCK_S = 2e-6  # that of a thread advances by 16 ms on Windows
VISIT_S = 0.01
LEAST_ROUNDS = 3

Say = Optional[Callable[[str], object]]  # noqa: UP045 - also for Python 3.9


def find_runtime() -> tuple[Any, str, str]:
    """Return the class `Interpreter`, and name and version of its package.

    Raises:
        SystemExit: No runtime is installed.
    """
    try:
        import ai_edge_litert
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        pass
    else:
        return Interpreter, "ai-edge-litert", _version("ai-edge-litert", ai_edge_litert)
    try:
        import tflite_runtime
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        sys.exit("There is no LiteRT runtime here. Run: pip install ai-edge-litert")
    return Interpreter, "tflite-runtime", _version("tflite-runtime", tflite_runtime)


def _version(package: str, module: object) -> str:
    try:
        from importlib.metadata import version

        return version(package)
    except Exception:  # noqa: BLE001 - a runtime without metadata is timed as well
        return str(getattr(module, "__version__", "unknown"))


def describe_machine() -> dict[str, str | int]:
    """Return processor, cores, memory and system as far as the system tells."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    names = ("model name", "Model", "Hardware")
    for path in ("/proc/device-tree/model", "/proc/cpuinfo"):
        try:
            text = Path(path).read_text(errors="replace").strip("\0\n ")
        except OSError:
            continue
        if path.endswith("model"):
            return text
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name.strip() in names and value.strip():
                return value.strip()
    return platform.processor() or "unknown"


def load_average() -> float | None:
    """Return the mean number of running processes of the last minute, if known."""
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def _thread_clock() -> Callable[[], float]:
    try:
        is_fine = time.get_clock_info("thread_time").resolution <= COARSEST_CLOCK_S
    except (AttributeError, ValueError):  # not on every system
        is_fine = False
    return time.thread_time if is_fine else time.perf_counter


class FileTime(NamedTuple):
    """Times of one file.

    Attributes:
        file: Its name.
        us: The smallest median of a round, microseconds.
        p90_us: The smallest 90th percentile of a round.
        rounds: How often it was visited.
        calls: Calls in all visits.
    """

    file: str
    us: float
    p90_us: float
    rounds: int
    calls: int


class Timer:
    """Times the files of a manifest in rounds.

    Args:
        read: Returns the content of a file by its name.
        threads: Threads of the runtime.
    """

    def __init__(self, read: Callable[[str], bytes], threads: int) -> None:
        self._read = read
        self._threads = threads
        self._interpreter, self.runtime, self.version = find_runtime()
        self._clock = _thread_clock() if threads == 1 else time.perf_counter

    def visit(self, name: str, least_s: float = VISIT_S) -> tuple[float, float, int]:
        """Call a file for some milliseconds.

        With one thread the time is that of the thread on the processor, which does not
        count what other programs take meanwhile, where the system measures it finely
        enough.

        Returns:
            Median and 90th percentile of the seconds of a call, and the number of
            calls.
        """
        model = self._interpreter(
            model_content=self._read(name), num_threads=self._threads
        )
        model.allocate_tensors()
        taken = model.get_input_details()[0]
        rng = np.random.default_rng(0)
        pixels = rng.uniform(0, 1, taken["shape"])
        model.set_tensor(taken["index"], pixels.astype(taken["dtype"]))
        invoke, wall, clock = model.invoke, time.perf_counter, self._clock
        before = clock()
        for _ in range(WARM_UP):
            invoke()
        once = (clock() - before) / WARM_UP
        size = max(1, math.ceil(BATCH_S / max(once, 1e-7)))
        batch = range(size)
        means: list[float] = []
        began = wall()
        while len(means) < LEAST_BATCHES or wall() - began < least_s:
            before = clock()
            for _ in batch:
                invoke()
            means.append((clock() - before) / size)
        median, tail = np.percentile(means, [50, 90])
        return float(median), float(tail), size * len(means)


def time_files(
    timer: Timer, names: list[str], seconds: float, say: Say = None
) -> list[FileTime]:
    """Time all files in rounds until the seconds are over, three rounds at least.

    Args:
        timer: Loads and calls the files.
        names: Names of the files.
        seconds: Wall seconds for all of them.
        say: Called with a line of progress after each round.

    Returns:
        The times of each file, in the order of the names.
    """
    began = time.monotonic()
    medians: dict[str, list[float]] = {name: [] for name in names}
    tails: dict[str, list[float]] = {name: [] for name in names}
    calls = dict.fromkeys(names, 0)
    rounds = 0
    while rounds < LEAST_ROUNDS or time.monotonic() - began < seconds:
        for name in names:
            median, tail, n_calls = timer.visit(name)
            medians[name].append(median)
            tails[name].append(tail)
            calls[name] += n_calls
            late = time.monotonic() - began > seconds
            if late and rounds >= LEAST_ROUNDS:
                break
        rounds += 1
        if say:
            taken = time.monotonic() - began
            # all files are visited three times, however long that takes
            whole = max(seconds, LEAST_ROUNDS * taken / rounds)
            say(f"round {rounds}: {taken:.0f} s of {whole:.0f}")
    return [
        FileTime(
            file=name,
            us=round(1e6 * min(medians[name]), 3),
            p90_us=round(1e6 * min(tails[name]), 3),
            rounds=len(medians[name]),
            calls=calls[name],
        )
        for name in names
    ]


class Files:
    """The files of a folder or a zip file.

    Args:
        source: The folder or zip file.

    Attributes:
        entries: Of the manifest, by the name of their file.
        identity: Of the manifest.

    Raises:
        SystemExit: There is no manifest in it.
    """

    def __init__(self, source: Path) -> None:
        self._folder = source if source.is_dir() else None
        try:
            self._archive = None if source.is_dir() else zipfile.ZipFile(source)
            self._inside = {
                name.rpartition("/")[2]: name
                for name in (self._archive.namelist() if self._archive else ())
            }
            manifest = json.loads(self.read(MANIFEST))
        except (KeyError, OSError, zipfile.BadZipFile):
            sys.exit(
                f"There is no {MANIFEST} in {source}. Give the folder, or a zip file of"
                " it, that was written by: kedro nas profile-device --prepare FOLDER"
            )
        self.entries = {entry["file"]: entry for entry in manifest["files"]}
        self.identity = manifest["id"]

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        if self._archive is not None:
            return self._archive.read(self._inside[name])
        assert self._folder is not None
        return (self._folder / name).read_bytes()


def run(source: Path, seconds: float, threads: int, say: Say = None) -> str:
    """Time all files of a folder or zip file.

    Returns:
        JSON: the manifest's id, the machine, and a row per file with what it is.
    """
    files = Files(source)
    timer = Timer(files.read, threads)
    load_before = load_average()
    began = time.monotonic()
    rows = time_files(timer, list(files.entries), seconds, say)
    timings = {
        "format": FORMAT,
        "manifest_id": files.identity,
        "date": dt.datetime.now(dt.timezone.utc).isoformat("T", "seconds"),
        "machine": describe_machine(),
        "runtime": timer.runtime,
        "runtime_version": timer.version,
        "threads": threads,
        "load_before": load_before,
        "load_after": load_average(),
        "seconds": round(time.monotonic() - began, 1),
        "files": [{**files.entries[row.file], **row._asdict()} for row in rows],
    }
    return json.dumps(timings, indent=1)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, time the files, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", type=Path, help="folder or zip file of LiteRT files")
    parser.add_argument("--output", type=Path, default=Path("device_timings.json"))
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    given.output.write_text(run(given.source, given.seconds, given.threads, say))
    say(f"Written: {given.output}")


if __name__ == "__main__":
    main()
