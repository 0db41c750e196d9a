"""Parity check: each exported file, loaded in a new process, must match the model.

Exporters can fail silently (wrong preprocessing, wrong checkpoint, layers in training
mode), so each file is loaded by a process that does not import this package, and its
probabilities are compared on real images.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.errors import ExportError
from kedro_nas.export.formats import Exporter, traits_of
from kedro_nas.export.fresh_process import predict_in_fresh_processes
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.export import FormatParity

_BATCH = 64


@dataclass(frozen=True)
class ParitySample:
    """Real images on which exports are compared with the model in memory.

    Attributes:
        pixels: uint8 `(n, height, width, channels)`.
        labels: Class ids, `(n,)`.
        expected: Probabilities of the model in memory, `(n, n_classes)`.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.integer[Any]]
    expected: NDArray[np.float32]


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
    sample: ParitySample,
    exporters: Iterable[Exporter],
    folder: Path,
    options: ExportOptions,
) -> dict[str, FormatParity]:
    """Load each export in a new process and compare its probabilities.

    Args:
        sample: Real images with the predictions of the model in memory.
        exporters: Formats that were written to `folder`.
        folder: The folder of exports.
        options: Limits on the difference of a file.

    Returns:
        The comparison of each format, by its name.

    Raises:
        ExportError: A file cannot be loaded, its probabilities differ, or it has lost
            too much accuracy.
    """
    exporters = list(exporters)
    found = predict_in_fresh_processes(exporters, folder, sample.pixels)
    return {
        each.name: compare_with_model(each, found[each.name], sample, folder, options)
        for each in exporters
    }


def compare_with_model(
    exporter: Exporter,
    found: NDArray[np.float32],
    sample: ParitySample,
    folder: Path,
    options: ExportOptions,
) -> FormatParity:
    """Compare the probabilities of one exported file with those of the model.

    Args:
        exporter: The format.
        found: Probabilities that the file gives, `(n, n_classes)`.
        sample: Real images with the predictions of the model in memory.
        folder: The folder of exports.
        options: Limits on the difference.

    Raises:
        ExportError: They differ by more than the format may, or it has lost too much
            accuracy.
    """
    tolerance = _tolerance(exporter, options)
    difference = _largest_difference(sample.expected, found)
    # probabilities differ by 1 at most; infinity and NaN are rejected, too
    limit = 1.0 if tolerance is None else tolerance
    if not difference <= limit:
        raise ExportError(
            f"the export '{exporter.name}' is not the model that was trained",
            received=f"probabilities that differ by up to {difference:.2g}",
            allowed=f"at most {limit:.2g} (nas.export.parity_tolerance, or the "
            "format's own where it rounds)",
            remedy=f"Leave '{exporter.name}' out of nas.export.formats, or report this",
        )
    before = _accuracy(sample.expected, sample)
    accuracy = _accuracy(found, sample)
    # rounded, so that a drop of exactly the limit is within it
    drop_pp = round(100 * (before - accuracy), 9)
    if tolerance is None and drop_pp > options.max_accuracy_drop_pp:
        raise ExportError(
            f"the export '{exporter.name}' has lost too much accuracy",
            received=f"{drop_pp:.2f} percentage points less on {len(found)} images",
            allowed=f"at most {options.max_accuracy_drop_pp:g} "
            "(nas.export.max_accuracy_drop_pp)",
            remedy="Take a format that rounds less, e.g. litert_dynamic, or raise "
            "nas.export.max_accuracy_drop_pp",
        )
    return FormatParity(
        max_difference=difference,
        equal_decisions=float(np.mean(found.argmax(-1) == sample.expected.argmax(-1))),
        n_images=len(found),
        bytes=_size(folder / exporter.file_name),
        tolerance=tolerance,
        accuracy=accuracy,
        accuracy_drop_pp=drop_pp,
    )


def _tolerance(exporter: Exporter, options: ExportOptions) -> float | None:
    """Return the largest difference allowed; None where accuracy decides."""
    traits = traits_of(exporter)
    if traits.is_judged_by_accuracy:
        return None
    return max(options.parity_tolerance, traits.max_difference)


def _accuracy(probabilities: NDArray[np.float32], sample: ParitySample) -> float:
    return float(np.mean(probabilities.argmax(-1) == sample.labels))


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
