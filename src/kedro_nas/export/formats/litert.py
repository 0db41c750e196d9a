"""LiteRT in float32, for phones and embedded boards, without rounding."""

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


class LitertExporter:
    """Writes `model.tflite`; float32 pixels 0-255, one image at a time."""

    name = "litert"
    file_name = "model.tflite"
    traits = FormatTraits(
        purpose="phones and boards, exactly the model",
        extra=EXTRA,
        packages=PACKAGES,
        runtime=RUNTIME,
        uses_one_core=True,
    )

    def export(self, model: Any, folder: Path) -> Path:
        """Write the model; see `Exporter`."""
        return write_litert(model, folder / self.file_name)

    def snippet(self) -> str:
        """Return the program that loads it; see `Exporter`."""
        return litert_program(self.file_name)
