"""Evaluation on the test rows, the only code that reads them."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.data.store import ImageStore
from kedro_nas.export.image_latency import measure_latency
from kedro_nas.export.scores import test_report
from kedro_nas.files import append_json_line, read_json_lines
from kedro_nas.models.averaged_predictions import network_alone
from kedro_nas.records.export import AveragingEffect, FinalFit, TestMetrics
from kedro_nas.records.latency import ExportLatency
from kedro_nas.records.ranking import Choice
from kedro_nas.statistics.image_pairs import compare_images, image_weights
from kedro_nas.writer_lock import one_writer

BATCH = 512


@one_writer
def evaluate_on_test(
    store: ImageStore,
    model: Any,
    baseline_model: Any,
    choice: Choice,
    final_fit: FinalFit,
    exports: Path,
    workspace: Path,
) -> TestMetrics:
    """Score the final model and the baseline on the test rows.

    Args:
        store: Images.
        model: The exported Keras model.
        baseline_model: The baseline's model, or the winner's if there is none.
        choice: The network that was chosen.
        final_fit: How it was trained.
        exports: The exports, whose parity with the model has been checked.
        workspace: Stores for which models these test rows have been read.

    Returns:
        `nas.test_metrics`.
    """
    began = time.monotonic()
    rows = store.test_rows()
    pixels = np.asarray(store.pixels[rows])
    other = predict(baseline_model, pixels) if final_fit.has_baseline else None
    probabilities = predict(model, pixels)
    report = test_report(
        store.labels[rows],
        probabilities,
        list(store.class_names),
        baseline_probabilities=other,
        pixels=pixels,
        objective=choice.objective,
        recall_floors=choice.recall_floors,
    )
    scores = report.baseline
    if scores is not None:
        scores = scores.model_copy(update=_size_and_latency(baseline_model))
    return report.model_copy(
        update={
            **_size_and_latency(model),
            "name": choice.name,
            "baseline": scores,
            "baseline_reason": final_fit.baseline_reason,
            "reads": count_reads(workspace, store.fingerprint, digest_of(model)),
            "epochs_final_fit": final_fit.epochs,
            "epochs_baseline": final_fit.baseline_epochs,
            "seconds_final_fit": final_fit.seconds,
            "seconds_export": _seconds_export(Path(exports)),
            "latency": _latency(Path(exports)),
            "averaging": _averaging(
                model, pixels, probabilities.argmax(axis=1), store.labels[rows]
            ),
            "seconds": time.monotonic() - began,
        }
    )


def _size_and_latency(model: Any) -> dict[str, float]:
    return {"params": int(model.count_params()), **measure_latency(model)}


def _averaging(
    model: Any,
    pixels: NDArray[np.uint8],
    decided: NDArray[np.intp],
    labels: NDArray[np.integer],
) -> AveragingEffect | None:
    """Compare a model that averages over views of an image with its network alone."""
    alone = network_alone(model)
    if alone is None or len(labels) < 2:
        return None
    right = predict(alone, pixels).argmax(axis=1) == labels
    gain = compare_images(decided == labels, right, image_weights(labels, "accuracy"))
    latency = measure_latency(alone)
    return AveragingEffect(
        accuracy_alone=float(right.mean()),
        gain=gain.difference,
        ci_low=gain.ci_low,
        ci_high=gain.ci_high,
        latency_s_p50_alone=latency["latency_s_p50"],
        latency_s_p90_alone=latency["latency_s_p90"],
    )


def _seconds_export(exports: Path) -> float | None:
    timings = exports / "timings.json"
    if not timings.exists():
        return None
    return float(json.loads(timings.read_text())["seconds"])


def _latency(exports: Path) -> ExportLatency | None:
    path = exports / "latency.json"
    if not path.exists():  # exports of an earlier version
        return None
    return ExportLatency.model_validate_json(path.read_text())


def predict(model: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a Keras model's probabilities for raw pixels, computed in batches."""
    parts = [
        np.asarray(model(pixels[i : i + BATCH].astype(np.float32), training=False))
        for i in range(0, len(pixels), BATCH)
    ]
    return np.concatenate(parts)


def digest_of(model: Any) -> str:
    """Return 16 hexadecimal digits of a hash of a model's weights.

    A network trained again for other epochs, or with another seed, is another model.
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
        model: Digest of the present model, from `digest_of`.

    Returns:
        At least 1; reading again for the same model does not count.
    """
    path = workspace / "test_reads.jsonl"
    seen = {
        line.get(
            "model", line.get("key")
        )  # earlier versions stored the architecture's key
        for line in read_json_lines(path)
        if line["fingerprint"] == fingerprint
    }
    if model not in seen:
        append_json_line(path, {"fingerprint": fingerprint, "model": model})
    return len(seen | {model})
