"""ONNX, for ONNX Runtime on servers, browsers and phones, and for converters."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from kedro_nas.export.formats.traits import FormatTraits

OPSET = 17  # supported by ONNX Runtime 1.12 (2022) and later; tf2onnx supports up to 18


class OnnxExporter:
    """Writes `model.onnx`; float32 pixels 0-255, any number of images."""

    name = "onnx"
    file_name = "model.onnx"
    traits = FormatTraits(
        purpose="ONNX Runtime on servers, browsers, phones; other converters",
        extra="onnx",
        packages=("onnx", "onnxruntime", "tf2onnx"),
        read_with=("onnxruntime",),
        runtime="onnxruntime",
        # its kernels sum in another order: 8e-7 of candidate 0, 2.3e-4 of MobileNetV3
        max_difference=1e-3,
    )

    def export(self, model: Any, folder: Path) -> Path:
        """Write the model; see `Exporter`."""
        import keras

        path = folder / self.file_name
        shape = (None, *model.inputs[0].shape[1:])
        pixels = keras.InputSpec(dtype="float32", shape=shape, name="pixels")
        with warnings.catch_warnings():
            # Keras patches tf2onnx for NumPy 2 and accesses names that NumPy has
            # removed
            warnings.filterwarnings("ignore", "In the future `np.", FutureWarning)
            model.export(
                path,
                format="onnx",
                verbose=False,
                input_signature=[pixels],
                opset_version=OPSET,
            )
        return path

    def snippet(self) -> str:
        """Return the program that loads it; see `Exporter`."""
        return (
            "import onnxruntime\n"
            "\n"
            "model = onnxruntime.InferenceSession(\n"
            f'    "{self.file_name}", providers=["CPUExecutionProvider"]\n'
            ")\n"
            "\n"
            "\n"
            "def predict(pixels):  # uint8, (n, height, width, channels)\n"
            '    return model.run(None, {"pixels": pixels.astype("float32")})[0]\n'
        )
