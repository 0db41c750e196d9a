"""Converts a Keras model to a LiteRT file (formerly TensorFlow Lite)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGES = ("ai_edge_litert",)  # needed to reload a file; TensorFlow itself writes it
EXTRA = "litert"
RUNTIME = "litert"


def write_litert(
    model: Any, path: Path, configure: Callable[[Any], None] | None = None
) -> Path:
    """Convert a Keras model and write the file; see `latency.litert_files`."""
    # not above: who uses a file builds no network
    from kedro_nas.latency.litert_files import write_litert as write

    return write(model, path, configure)


def litert_program(file_name: str) -> str:
    """Return the program that loads a LiteRT file; see `Exporter.snippet`."""
    return (
        "import numpy\n"
        "from ai_edge_litert.interpreter import Interpreter\n"
        "\n"
        f'model = Interpreter("{file_name}")  # num_threads=1 for one core\n'
        "model.allocate_tensors()\n"
        "taken, given = model.get_input_details()[0], model.get_output_details()[0]\n"
        "\n"
        "\n"
        "def classify(image):  # uint8, (height, width, channels)\n"
        '    model.set_tensor(taken["index"], image[None].astype(taken["dtype"]))\n'
        "    model.invoke()\n"
        '    return model.get_tensor(given["index"])[0]\n'
        "\n"
        "\n"
        "def predict(pixels):  # uint8, (n, height, width, channels)\n"
        "    return numpy.stack([classify(image) for image in pixels])\n"
    )
