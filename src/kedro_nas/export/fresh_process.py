"""Probabilities of exported files, computed in fresh processes.

Files of one runtime are loaded one after another by one process, also those of several
models, since importing TensorFlow takes longer than loading a file. A file whose format
states no runtime has a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
import os
import sys

import numpy


def run(folder, images, program, results):
    os.chdir(folder)
    names = {"__name__": "__main__"}
    exec(program, names)
    pixels = numpy.load(images)
    starts = range(0, len(pixels), at_once)
    parts = [names["predict"](pixels[i : i + at_once]) for i in starts]
    assert "kedro_nas" not in sys.modules
    numpy.save(results, numpy.concatenate(parts))


at_once, *tasks = json.loads(open(sys.argv[1]).read())
for task in tasks:
    run(*task)
"""


@dataclass(frozen=True)
class ModelFiles:
    """Exported files of one model, and images for them.

    Attributes:
        folder: The folder of exports.
        exporters: Formats that were written to it.
        pixels: uint8 `(n, height, width, channels)`.
    """

    folder: Path
    exporters: Sequence[Exporter]
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class _Task:
    """One file to be loaded, by a process for which all is prepared."""

    exporter: Exporter
    folder: Path
    images: Path
    results: Path

    def words(self) -> list[str]:
        """Return what the program is told of it."""
        places = self.folder.resolve(), self.images, self.exporter.snippet()
        return [*map(str, places), str(self.results)]


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
    (found,) = predict_of_models([ModelFiles(folder, tuple(exporters), pixels)])
    return found


def predict_of_models(
    models: Sequence[ModelFiles],
) -> list[dict[str, NDArray[np.float32]]]:
    """Load the exported files of several models, in a new process for each runtime.

    Args:
        models: Their files, each in a folder of its own.

    Returns:
        For each model the probabilities `(n, n_classes)` of each format, by its name.

    Raises:
        ExportError: A file cannot be loaded or used.
    """
    with tempfile.TemporaryDirectory() as place:
        tasks = [
            _prepare(model, Path(place, str(number)))
            for number, model in enumerate(models)
        ]
        groups = _by_runtime(task for of_model in tasks for task in of_model)
        started = [
            _start(group, Path(place, f"{number}.json"))
            for number, group in enumerate(groups)
        ]
        ended = [process.communicate()[1] for process in started]
        for group, process, messages in zip(groups, started, ended, strict=True):
            if process.returncode != 0:
                raise _failure(group, messages)
        return [
            {task.exporter.name: np.load(task.results) for task in of_model}
            for of_model in tasks
        ]


def _prepare(model: ModelFiles, scratch: Path) -> list[_Task]:
    """Write the images of a model, and return what is to be done with its files."""
    scratch.mkdir()
    images = scratch / "pixels.npy"
    np.save(images, model.pixels)
    return [
        _Task(each, model.folder, images, scratch / f"{each.name}.npy")
        for each in model.exporters
    ]


def _by_runtime(tasks: Iterable[_Task]) -> list[list[_Task]]:
    """Group files whose formats state the same runtime; their order is kept."""
    groups: dict[str, list[_Task]] = {}
    for task in tasks:
        runtime = traits_of(task.exporter).runtime
        # no name of a runtime has a space
        alone = f"only {task.results}"
        groups.setdefault(runtime or alone, []).append(task)
    return list(groups.values())


def _start(group: Sequence[_Task], given: Path) -> subprocess.Popen[str]:
    given.write_text(json.dumps([_BATCH, *(task.words() for task in group)]))
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(given)],
        cwd=group[0].folder,
        env=environment_of_child(gpus="-1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _failure(group: Sequence[_Task], messages: str) -> ExportError:
    """Return the error of the first file of a process that has no result.

    A runtime that crashes as its process ends has left all results: the last file is
    named then.
    """
    unfinished = (task for task in group if not task.results.exists())
    each = next(unfinished, group[-1]).exporter
    last = (messages.strip().splitlines() or ["no message"])[-1]
    return ExportError(
        f"the export '{each.name}' cannot be loaded in a fresh process",
        received=last,
        allowed=f"a file that runs this program: {each.snippet()!r}",
        remedy=f"Leave '{each.name}' out of nas.export.formats, or report this",
    )
