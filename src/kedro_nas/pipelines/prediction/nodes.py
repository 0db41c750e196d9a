"""The node of the `prediction` stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro_nas.parameters.prediction import PredictionOptions


def predict_images(
    images_new: Any, exports: Path, prediction: PredictionOptions
) -> Path:
    """Classify new images; return the table, a row per image; see `predict_images`."""
    from kedro_nas.export.classify_images import predict_images as predict

    options = PredictionOptions.parse(prediction, where="nas.prediction")
    return predict(images_new, exports, options).path
