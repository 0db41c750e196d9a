"""LiteRT with float16 weights: half the size, also for GPUs of phones."""

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


class LitertFloat16Exporter:
    """Writes `model_float16.tflite`; float32 pixels 0-255, one image at a time."""

    name = "litert_float16"
    file_name = "model_float16.tflite"
    traits = FormatTraits(
        purpose="half the size; GPUs of phones compute with it as it is",
        extra=EXTRA,
        packages=PACKAGES,
        runtime=RUNTIME,
        uses_one_core=True,
        max_difference=0.02,  # candidate 0, 2,000 CIFAR-10 images: 0.006
    )

    def export(self, model: Any, folder: Path) -> Path:
        """Write the model; see `Exporter`."""
        return write_litert(model, folder / self.file_name, _keep_half)

    def snippet(self) -> str:
        """Return the program that loads it; see `Exporter`."""
        return litert_program(self.file_name)


def _keep_half(converter: Any) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
