"""LiteRT files of Keras models, trained or not."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from kedro_nas.models.build import build_model
from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture

# The model whose SavedModel is kept, and its folder
_kept: ContextVar[tuple[Any, Path] | None] = ContextVar("kept", default=None)


@contextmanager
def kept_saved_model(model: Any) -> Iterator[None]:
    """Convert all LiteRT files of a model that are written inside from one SavedModel.

    Writing it takes longer than a conversion.

    Args:
        model: A Keras model, whose weights stay as they are inside.
    """
    with tempfile.TemporaryDirectory() as folder:
        token = _kept.set((model, Path(folder)))
        try:
            yield
        finally:
            _kept.reset(token)


@contextmanager
def saved_model_of(model: Any) -> Iterator[Path]:
    """Give the folder of a SavedModel of a Keras model, which takes one image."""
    kept = _kept.get()
    if kept is None or kept[0] is not model:
        with tempfile.TemporaryDirectory() as folder:
            _write_saved_model(model, Path(folder))
            yield Path(folder)
        return
    if not any(kept[1].iterdir()):
        _write_saved_model(model, kept[1])
    yield kept[1]


def _write_saved_model(model: Any, folder: Path) -> None:
    import keras
    import tensorflow as tf

    spec = tf.TensorSpec((1, *model.inputs[0].shape[1:]), tf.float32, name="pixels")
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        name="serve",
        fn=lambda pixels: model(pixels, training=False),
        input_signature=[spec],
    )
    archive.write_out(folder, verbose=False)


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
    import tensorflow as tf

    # through a SavedModel: `from_concrete_functions` left uninitialised variables in
    # the file, and every probability was NaN (TensorFlow 2.21)
    with saved_model_of(model) as folder:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
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
