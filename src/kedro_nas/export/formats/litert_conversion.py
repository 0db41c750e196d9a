"""Converts a Keras model to a LiteRT file (formerly TensorFlow Lite)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKAGES = ("ai_edge_litert",)  # needed to reload a file; TensorFlow itself writes it
EXTRA = "litert"


def write_litert(
    model: Any, path: Path, configure: Callable[[Any], None] | None = None
) -> Path:
    """Convert a Keras model and write the file.

    The batch size is fixed to one image, as used on devices: with a dynamic batch size
    all shapes are recomputed at each call, and accelerators reject the network.

    Args:
        model: Takes float32 pixels `(n, height, width, channels)`.
        path: File to write.
        configure: Sets options of a `tf.lite.TFLiteConverter`.

    Returns:
        `path`.
    """
    import keras
    import tensorflow as tf

    spec = tf.TensorSpec((1, *model.inputs[0].shape[1:]), tf.float32, name="pixels")
    # through a SavedModel: `from_concrete_functions` left uninitialised variables in
    # the file, and every probability was NaN (TensorFlow 2.21)
    with tempfile.TemporaryDirectory() as folder:
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint(
            name="serve",
            fn=lambda pixels: model(pixels, training=False),
            input_signature=[spec],
        )
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if configure is not None:
            configure(converter)
        path.write_bytes(converter.convert())
    return path


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
