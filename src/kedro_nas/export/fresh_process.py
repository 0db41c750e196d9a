"""Probabilities of exported files, computed in fresh processes.

Files of one runtime are loaded one after another by one process, since importing
TensorFlow takes longer than loading a file. A file whose format states no runtime has a
process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kedro_nas.devices import environment_of_child
from kedro_nas.errors import ExportError
from kedro_nas.export.formats import Exporter, traits_of

_BATCH = 64
# Each file's program has its own names. The first that fails ends the process, and the
# last line it prints is the reason.
_PROGRAM = """
import json
import sys

import numpy


def run(program, results):
    names = {"__name__": "__main__"}
    exec(program, names)
    starts = range(0, len(pixels), at_once)
    parts = [names["predict"](pixels[i : i + at_once]) for i in starts]
    assert "kedro_nas" not in sys.modules
    numpy.save(results, numpy.concatenate(parts))


at_once, place, *tasks = json.loads(sys.argv[1])
pixels = numpy.load(place)
for task in tasks:
    run(*task)
"""


def predict_in_fresh_processes(
    exporters: Iterable[Exporter], folder: Path, pixels: NDArray[np.uint8]
) -> dict[str, NDArray[np.float32]]:
    """Load each exported file in a new process and compute its probabilities.

    Args:
        exporters: Formats that were written to `folder`.
        folder: The folder of exports.
        pixels: uint8 `(n, height, width, channels)`.

    Returns:
        Probabilities `(n, n_classes)` of each format, by its name.

    Raises:
        ExportError: A file cannot be loaded or used.
    """
    groups = _by_runtime(exporters)
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        np.save(scratch / "pixels.npy", pixels)
        started = [_start(group, folder, scratch) for group in groups]
        ended = [process.communicate()[1] for process in started]
        for group, process, messages in zip(groups, started, ended, strict=True):
            if process.returncode != 0:
                raise _failure(group, scratch, messages)
        return {
            each.name: np.load(scratch / f"{each.name}.npy")
            for group in groups
            for each in group
        }


def _by_runtime(exporters: Iterable[Exporter]) -> list[list[Exporter]]:
    """Group formats that state the same runtime; their order is kept."""
    groups: dict[str, list[Exporter]] = {}
    for each in exporters:
        runtime = traits_of(each).runtime
        # no name of a runtime has a space
        groups.setdefault(runtime or f"only {each.name}", []).append(each)
    return list(groups.values())


def _start(
    group: Sequence[Exporter], folder: Path, scratch: Path
) -> subprocess.Popen[str]:
    tasks = [(each.snippet(), str(scratch / f"{each.name}.npy")) for each in group]
    given = json.dumps([_BATCH, str(scratch / "pixels.npy"), *tasks])
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, given],
        cwd=folder,
        env=environment_of_child(gpus="-1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _failure(group: Sequence[Exporter], scratch: Path, messages: str) -> ExportError:
    """Return the error of the first file of a process that has no result.

    A runtime that crashes as its process ends has left all results: the last file is
    named then.
    """
    unfinished = (one for one in group if not (scratch / f"{one.name}.npy").exists())
    each = next(unfinished, group[-1])
    last = (messages.strip().splitlines() or ["no message"])[-1]
    return ExportError(
        f"the export '{each.name}' cannot be loaded in a fresh process",
        received=last,
        allowed=f"a file that runs this program: {each.snippet()!r}",
        remedy=f"Leave '{each.name}' out of nas.export.formats, or report this",
    )
