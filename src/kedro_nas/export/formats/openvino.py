"""OpenVINO's own format, for Intel processors, graphics and NPUs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from kedro_nas.export.formats.saved_model import SavedModelExporter
from kedro_nas.export.formats.traits import FormatTraits

_MODEL = "model.xml"


class OpenvinoExporter:
    """Writes `openvino/model.xml` and its weights; pixels of any number of images."""

    name = "openvino"
    file_name = "openvino"
    traits = FormatTraits(
        purpose="OpenVINO on Intel processors, graphics and NPUs",
        extra="openvino",
        packages=("openvino",),
        runtime="openvino",
        max_difference=1e-3,  # its kernels sum in another order, as those for ONNX
    )

    def export(self, model: Any, folder: Path) -> Path:
        """Write the model; see `Exporter`."""
        import openvino

        path = folder / self.file_name
        path.mkdir()
        with tempfile.TemporaryDirectory() as scratch:
            saved = SavedModelExporter().export(model, Path(scratch))
            # not `convert_model`, which reports its use over the network
            converted = openvino.Core().read_model(saved)
            openvino.save_model(converted, path / _MODEL, compress_to_fp16=False)
        return path

    def snippet(self) -> str:
        """Return the program that loads it; see `Exporter`."""
        return (
            "import openvino\n"
            "\n"
            "model = openvino.compile_model(\n"
            f'    "{self.file_name}/{_MODEL}",\n'
            '    "CPU",  # or "GPU", "NPU"\n'
            '    {"INFERENCE_PRECISION_HINT": "f32"},  # not bf16\n'
            ")\n"
            "\n"
            "\n"
            "def predict(pixels):  # uint8, (n, height, width, channels)\n"
            "    return model(pixels)[0]\n"
        )
