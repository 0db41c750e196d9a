"""The format of Keras 3: one `.keras` file, for any backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro_nas.export.formats.traits import FormatTraits


class KerasExporter:
    """Writes `model.keras`; raw pixels as uint8 or as float 0-255."""

    name = "keras"
    file_name = "model.keras"
    traits = FormatTraits(
        purpose="Keras 3 on any of its backends, further training",
        read_with=("keras",),
        runtime="tensorflow",
    )

    def export(self, model: Any, folder: Path) -> Path:
        """Write the model; see `Exporter`."""
        path = folder / self.file_name
        model.save(path)
        return path

    def snippet(self) -> str:
        """Return the program that loads it; see `Exporter`."""
        return (
            "import keras\n"
            "\n"
            f'model = keras.saving.load_model("{self.file_name}")\n'
            "\n"
            "\n"
            "def predict(pixels):  # uint8, (n, height, width, channels)\n"
            "    return model.predict(pixels, verbose=0)\n"
        )
