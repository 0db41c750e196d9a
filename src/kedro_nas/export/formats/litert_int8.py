"""LiteRT in int8: a quarter of the size, for accelerators and small CPUs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_nas.errors import ExportError
from kedro_nas.export.formats.litert_conversion import (
    EXTRA,
    PACKAGES,
    RUNTIME,
    litert_program,
    write_litert,
)
from kedro_nas.export.formats.traits import FormatTraits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class LitertInt8Exporter:
    """Writes `model_int8.tflite`; uint8 pixels, one image, float32 probabilities.

    Every layer computes in int8; the ranges of its values are calibrated on real
    images. Probabilities are multiples of 1/256.

    Args:
        images: Real images, uint8 `(n, height, width, channels)`, some hundred.
    """

    name = "litert_int8"
    file_name = "model_int8.tflite"
    traits = FormatTraits(
        purpose="a quarter of the size; integer accelerators, small CPUs",
        extra=EXTRA,
        packages=PACKAGES,
        runtime=RUNTIME,
        uses_one_core=True,
        is_judged_by_accuracy=True,
    )

    def __init__(self, images: NDArray[np.uint8] | None = None) -> None:
        self._images = images

    def calibrated(self, images: NDArray[np.uint8]) -> LitertInt8Exporter:
        """Return an exporter calibrated on these images; see `CalibratedExporter`."""
        return LitertInt8Exporter(images)

    def export(self, model: Any, folder: Path) -> Path:
        """Write the model; see `Exporter`."""
        if self._images is None or not len(self._images):
            raise ExportError(
                "integers cannot be chosen for the export 'litert_int8'",
                received="no images",
                allowed="real images, from which the range of each layer is taken",
                remedy="Call calibrated(images) first",
            )
        return write_litert(model, folder / self.file_name, self._use_integers)

    def snippet(self) -> str:
        """Return the program that loads it; see `Exporter`."""
        return litert_program(self.file_name)

    def _use_integers(self, converter: Any) -> None:
        import tensorflow as tf

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = self._samples
        # an operator without an int8 kernel raises an error instead of running in float
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8

    def _samples(self) -> Iterator[list[NDArray[np.float32]]]:
        """Yield the images, and one that contains 0 and 255.

        With this input range the model takes raw pixels: its input has scale 1 and zero
        point 0.
        """
        import numpy as np

        images = np.asarray(self._images, np.float32)
        whole_range = images[0].copy()
        whole_range.flat[0], whole_range.flat[-1] = 0, 255
        for image in (*images, whole_range):
            yield [image[None]]
