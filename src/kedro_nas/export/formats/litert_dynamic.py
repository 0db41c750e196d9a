"""LiteRT with int8 weights, float activations: a quarter of the size, no calibration.

The runtime rounds the inputs of a layer to int8 with a range computed per image, hence
the name dynamic-range quantisation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro_nas.export.formats.litert_conversion import (
    EXTRA,
    PACKAGES,
    RUNTIME,
    litert_program,
    write_litert,
)
from kedro_nas.export.formats.traits import FormatTraits


class LitertDynamicExporter:
    """Writes `model_dynamic.tflite`; float32 pixels 0-255, one image at a time."""

    name = "litert_dynamic"
    file_name = "model_dynamic.tflite"
    traits = FormatTraits(
        purpose="a quarter of the size, on CPUs",
        extra=EXTRA,
        packages=PACKAGES,
        runtime=RUNTIME,
        uses_one_core=True,
        max_difference=0.2,  # candidate 0, 2,000 CIFAR-10 images: 0.03
    )

    def export(self, model: Any, folder: Path) -> Path:
        """Write the model; see `Exporter`."""
        return write_litert(model, folder / self.file_name, _round_weights)

    def snippet(self) -> str:
        """Return the program that loads it; see `Exporter`."""
        return litert_program(self.file_name)


def _round_weights(converter: Any) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
