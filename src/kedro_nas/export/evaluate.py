"""Reads the test rows. Nothing else in the project does."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore
from kedro_nas.export.latency import measure_latency
from kedro_nas.export.scores import test_report
from kedro_nas.files import append_json_line, read_json_lines
from kedro_nas.writer_lock import one_writer

BATCH = 512


@one_writer
def evaluate_on_test(
    store: ImageStore,
    model: Any,
    baseline_model: Any,
    best_architecture: dict[str, Any],
    final_fit: dict[str, Any],
    exports: Path,
    workspace: Path,
) -> dict[str, Any]:
    """Score the final model, and the baseline beside it, on the test rows.

    Args:
        store: Images.
        model: The exported Keras model.
        baseline_model: The baseline's, or the winner's own when there is none.
        best_architecture: `nas.best_architecture`.
        final_fit: `nas.final_fit`.
        exports: The exports; they were proven equal to the model before this.
        workspace: Remembers for which models these test rows have been read.

    Returns:
        `nas.test_metrics`.
    """
    began = time.monotonic()
    rows = store.test_rows()
    pixels = np.asarray(store.pixels[rows])
    other = predict(baseline_model, pixels) if final_fit["has_baseline"] else None
    report = test_report(
        store.labels[rows],
        predict(model, pixels),
        list(store.class_names),
        baseline_probabilities=other,
        pixels=pixels,
        objective=best_architecture["objective"],
    )
    report["reads"] = count_reads(workspace, store.fingerprint, digest_of(model))
    report["seconds_final_fit"] = final_fit["seconds"]
    report["seconds_export"] = _seconds_export(Path(exports))
    report["epochs_final_fit"] = final_fit["epochs"]
    report["baseline_reason"] = final_fit.get("baseline_reason", "")
    if report.get("baseline"):
        report["baseline"]["params"] = int(baseline_model.count_params())
        report["baseline"] |= measure_latency(baseline_model)
    report |= measure_latency(model)
    report["params"] = int(model.count_params())
    report["name"] = best_architecture["name"]
    report["seconds"] = time.monotonic() - began
    return report


def _seconds_export(exports: Path) -> float | None:
    timings = exports / "timings.json"
    if not timings.exists():
        return None
    return float(json.loads(timings.read_text())["seconds"])


def predict(model: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give a Keras model's probabilities for raw pixels, in batches."""
    parts = [
        np.asarray(model(pixels[i : i + BATCH].astype(np.float32), training=False))
        for i in range(0, len(pixels), BATCH)
    ]
    return np.concatenate(parts)


def digest_of(model: Any) -> str:
    """Name a model by what it computes with: 16 hexadecimal digits of its weights.

    A network fitted again for other epochs, or with another seed, is another model.
    """
    digest = hashlib.sha256()
    for values in model.get_weights():
        digest.update(f"{values.dtype}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]


def count_reads(workspace: Path, fingerprint: str, model: str) -> int:
    """Count the different models these test rows have been read for.

    Args:
        workspace: Holds `test_reads.jsonl`, a line per data set and model.
        fingerprint: Of the image store.
        model: Name of the model that is read for now, from `digest_of`.

    Returns:
        At least 1; reading again for the same model does not count.
    """
    path = workspace / "test_reads.jsonl"
    seen = {
        line.get("model", line.get("key"))  # once it was the architecture's key
        for line in read_json_lines(path)
        if line["fingerprint"] == fingerprint
    }
    if model not in seen:
        append_json_line(path, {"fingerprint": fingerprint, "model": model})
    return len(seen | {model})
