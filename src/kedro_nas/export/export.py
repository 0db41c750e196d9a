"""Exports a trained model to a folder of files."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import ExportError
from kedro_nas.export.format_latency import measure_formats
from kedro_nas.export.formats import CalibratedExporter, Exporter, find_exporters
from kedro_nas.export.handover import (
    MANIFEST,
    exported_file,
    pretrained_weights,
    write_checksums,
    write_kit,
)
from kedro_nas.export.model_card import write_card
from kedro_nas.export.parity import (
    ParitySample,
    check_parity,
    predict_in_batches,
)
from kedro_nas.files import write_json
from kedro_nas.latency.litert_files import kept_saved_model
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.manifest import Manifest
from kedro_nas.records.ranking import Choice

# Real images from which a format in integers takes the range of each layer; converters
# ask for some hundred.
CALIBRATION_IMAGES = 200


def export_model(
    model: Any,
    choice: Choice,
    store: ImageStore,
    options: ExportOptions,
) -> Path:
    """Write the model in each format, with source, model card and parity check.

    Args:
        model: The final Keras model: raw pixels in, class probabilities out.
        choice: The network that was chosen, of which the model is an instance.
        store: Prepared images; only non-test images are read.
        options: Formats and tolerance.

    Returns:
        A new temporary folder with `architecture.json`, `network.py`,
        `model_card.md`, `parity.json`, `latency.json`, one file or folder per format,
        and the kit of `export.handover`. The caller owns it.

    Raises:
        ExportError: A format cannot be reloaded or differs; the folder is then deleted.
    """
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="kedro-nas-export-"))
    try:
        _write_all(folder, model, choice, store, options)
        write_json(folder / "timings.json", {"seconds": time.monotonic() - began})
        write_checksums(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _write_all(
    folder: Path,
    model: Any,
    choice: Choice,
    store: ImageStore,
    options: ExportOptions,
) -> None:
    from kedro_nas.models.averaged_predictions import averages_flips
    from kedro_nas.models.source import write_source

    architecture = choice.architecture
    rows = _evenly_spaced(store.rows("dev"), options.parity_images)
    pixels = np.asarray(store.pixels[rows])
    expected = predict_in_batches(model, pixels)
    _check_probabilities(expected, store.n_classes)
    exporters = _calibrated(find_exporters(options.formats), store, rows)
    with kept_saved_model(model):
        for each in exporters:
            each.export(model, folder)
    sample = ParitySample(pixels, np.asarray(store.labels[rows]), expected)
    parity = check_parity(sample, exporters, folder, options)
    latency = measure_formats(exporters, folder, architecture.input_shape)
    write_json(folder / "latency.json", latency.model_dump())
    manifest = Manifest(
        network=choice.name or architecture.describe(),
        key=architecture.key,
        files=tuple(map(exported_file, exporters, options.formats)),
        averages_flips=averages_flips(model),
        license=options.model_license,
        pretrained=pretrained_weights(architecture),
    )
    write_json(
        folder / "parity.json", {name: row.model_dump() for name, row in parity.items()}
    )
    write_json(
        folder / "architecture.json",
        {"architecture": architecture.to_dict(), "class_names": store.class_names},
    )
    write_json(folder / MANIFEST, manifest.to_json())
    if store.preprocessing is not None:  # None in a store of an earlier version
        write_kit(folder, exporters, store.preprocessing)
    source = write_source(architecture, **_as_trained(model))
    (folder / "network.py").write_text(source)
    card = write_card(
        choice,
        store.class_names,
        exporters,
        parity,
        latency,
        options.model_license,
        options.max_accuracy_drop_pp,
    )
    (folder / "model_card.md").write_text(card)


def _as_trained(model: Any) -> dict[str, Any]:
    """Return the values of a model that come from the data, not its architecture."""
    found: dict[str, Any] = {}
    for layer in _layers(model):
        kind = type(layer).__name__
        if kind == "Rescaling" and layer.name == "normalisation":
            scale = np.atleast_1d(np.asarray(layer.scale, np.float64))
            offset = np.atleast_1d(np.asarray(layer.offset, np.float64))
            found["mean"] = (-offset / scale).tolist()
            found["std"] = (1 / scale).tolist()
        elif kind == "BatchNormalization":
            found.setdefault("bn_momentum", float(layer.momentum))
    return found


def _layers(model: Any) -> Iterator[Any]:
    """Yield the layers of a model, and of models inside it."""
    for layer in model.layers:
        if hasattr(layer, "layers") and layer.name != "backbone":
            yield from _layers(layer)
        else:
            yield layer


def _evenly_spaced(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return a number of rows, evenly spaced."""
    places = np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.int64)
    chosen: NDArray[np.int64] = rows[np.unique(places)]
    return chosen


def _calibrated(
    exporters: list[Exporter], store: ImageStore, compared: NDArray[np.int64]
) -> list[Exporter]:
    """Calibrate formats on non-test images, if possible others than those compared."""
    if not any(isinstance(each, CalibratedExporter) for each in exporters):
        return exporters
    rows = store.rows("dev")
    others = np.setdiff1d(rows, compared)
    enough = len(others) >= CALIBRATION_IMAGES
    chosen = _evenly_spaced(others if enough else rows, CALIBRATION_IMAGES)
    images = np.asarray(store.pixels[chosen])
    return [
        each.calibrated(images) if isinstance(each, CalibratedExporter) else each
        for each in exporters
    ]


def _check_probabilities(found: NDArray[np.float32], n_classes: int) -> None:
    sums = found.sum(axis=-1)
    whole = bool(np.all(np.isfinite(found))) and bool(np.allclose(sums, 1, atol=1e-3))
    if found.shape[-1] != n_classes or not whole:
        raise ExportError(
            "the model does not give class probabilities",
            received=f"outputs {found.shape} with sums {sums.min()} to {sums.max()}",
            allowed=f"{n_classes} finite outputs per image that sum to 1",
            remedy="Run the final fit again; if it persists, report this",
        )
