"""LiteRT files of Keras models, trained or not."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro_nas.models.build import build_model
from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture


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


def write_untrained(architecture: Architecture, path: Path, *, seed: int = 0) -> Path:
    """Write a network as it would be exported after training, with random weights.

    Norms get statistics other than 0 and 1, since the converter leaves out what they
    would then not change.

    Args:
        architecture: The network.
        path: File to write.
        seed: Root seed of the weights.

    Returns:
        `path`.
    """
    channels = architecture.input_shape[-1]
    model = build_model(
        architecture, mean=[100.0] * channels, std=[50.0] * channels, seed=seed
    )
    rng = generator(seed, "untrained", architecture.network_key)
    model.set_weights(
        [
            rng.uniform(0.8, 1.2, values.shape) if values.ndim == 1 else values
            for values in model.get_weights()
        ]
    )
    return write_litert(model, path)
