"""Parity: each exported file, reloaded in a fresh process, predicts as the model does.

Exporters go wrong silently (another preprocessing, another checkpoint, layers in
training mode), so each file is loaded by a process that does not import this package,
and its probabilities are compared on real images.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.errors import ExportError
from kedro_nas.export.formats import Exporter
from kedro_nas.records.export import FormatParity

_BATCH = 64
_ENDING = """
import sys
import numpy
pixels, results = sys.argv[1:]
chunks = numpy.load(pixels)
parts = [predict(chunks[i:i + {batch}]) for i in range(0, len(chunks), {batch})]
assert "kedro_nas" not in sys.modules
numpy.save(results, numpy.concatenate(parts))
"""


def predict_in_batches(model: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Compute class probabilities on the CPU, `(n, n_classes)`.

    On the CPU, since a GPU's reduced precision (TF32) differs by more than the formats
    are allowed to.
    """
    import keras

    with keras.device("cpu:0"):
        parts = [
            keras.ops.convert_to_numpy(model(pixels[i : i + _BATCH], training=False))
            for i in range(0, len(pixels), _BATCH)
        ]
    return np.concatenate(parts)


def check_parity(
    expected: NDArray[np.float32],
    exporters: Iterable[Exporter],
    folder: Path,
    pixels: NDArray[np.uint8],
    tolerance: float,
) -> dict[str, FormatParity]:
    """Reload each export in a fresh process and compare its probabilities.

    Args:
        expected: Probabilities of the model in memory, `(n, n_classes)`.
        exporters: Formats that were written to `folder`.
        folder: The folder of exports.
        pixels: Real images, uint8 `(n, height, width, channels)`.
        tolerance: Largest difference of a probability allowed.

    Returns:
        The comparison of each format, by its name.

    Raises:
        ExportError: A file cannot be loaded, or its probabilities differ.
    """
    exporters = list(exporters)
    with tempfile.TemporaryDirectory() as scratch:
        np.save(Path(scratch) / "pixels.npy", pixels)
        started = [_start(each, folder, Path(scratch)) for each in exporters]
        return {
            each.name: _compare(
                each, process, folder, Path(scratch), expected, tolerance
            )
            for each, process in zip(exporters, started, strict=True)
        }


def _start(exporter: Exporter, folder: Path, scratch: Path) -> subprocess.Popen[str]:
    program = exporter.snippet() + _ENDING.format(batch=_BATCH)
    results = scratch / f"{exporter.name}.npy"
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    return subprocess.Popen(
        [sys.executable, "-c", program, str(scratch / "pixels.npy"), str(results)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _compare(
    exporter: Exporter,
    process: subprocess.Popen[str],
    folder: Path,
    scratch: Path,
    expected: NDArray[np.float32],
    tolerance: float,
) -> FormatParity:
    _, errors = process.communicate()
    if process.returncode != 0:
        last = (errors.strip().splitlines() or ["no message"])[-1]
        raise ExportError(
            f"the export '{exporter.name}' cannot be loaded in a fresh process",
            received=last,
            allowed=f"a file that runs this program: {exporter.snippet()!r}",
            remedy=f"Leave '{exporter.name}' out of nas.export.formats, or report this",
        )
    found = np.load(scratch / f"{exporter.name}.npy")
    difference = _largest_difference(expected, found)
    if not difference <= tolerance:
        raise ExportError(
            f"the export '{exporter.name}' is not the model that was trained",
            received=f"probabilities that differ by up to {difference:.2g}",
            allowed=f"at most {tolerance:.2g} (nas.export.parity_tolerance)",
            remedy=f"Leave '{exporter.name}' out of nas.export.formats, or report this",
        )
    return FormatParity(
        max_difference=difference,
        equal_decisions=float(np.mean(found.argmax(-1) == expected.argmax(-1))),
        n_images=len(expected),
        bytes=_size(folder / exporter.file_name),
    )


def _largest_difference(
    expected: NDArray[np.float32], found: NDArray[np.float32]
) -> float:
    if expected.shape != found.shape:
        return float("inf")
    return float(np.max(np.abs(expected - found)))


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
