"""Custom baselines: a function is called once and what it returns is checked.

This happens before anything is trained, so that a faulty one does not cost a search.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from kedro_nas.models.custom_blocks import register_custom_blocks
from kedro_nas.models.custom_model import (
    baseline_refused,
    call_model_function,
    digest_model,
    one_line,
)
from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture, CustomModel, Stem
from kedro_nas.space.block_programs import digest_blocks
from kedro_nas.space.costs import costs

_PROBED_IMAGES = 4
_SUM_TOLERANCE = 1e-3


def read_custom_baseline(
    path: str, image_shape: tuple[int, int, int], n_classes: int
) -> Architecture:
    """Call a custom function once, check its result, and return it as an architecture.

    Args:
        path: `package.module:function`.
        image_shape: Height, width, channels.
        n_classes: Number of classes.

    Returns:
        An architecture with a `custom_model`, or the one the function returned.

    Raises:
        SearchSpaceError: The function does not exist or fails, or what it builds cannot
            be trained, saved or counted.
    """
    register_custom_blocks({})  # sets the cost meter
    made = call_model_function(path, image_shape, n_classes)
    if isinstance(made, Architecture):
        return _check_architecture(made, path, image_shape, n_classes)
    digest, weights_digest = digest_model(path, image_shape, n_classes)
    gives = _find_output_kind(made, path, image_shape, n_classes)
    architecture = Architecture(
        input_shape=image_shape,
        n_classes=n_classes,
        stem=Stem(width=1, kernel_size=1, stride=1),
        custom_model=CustomModel(
            function=path,
            digest=digest,
            gives=gives,
            weights_digest=weights_digest,
        ),
    )
    costs(architecture)
    return architecture


def _check_architecture(
    made: Architecture, path: str, image_shape: tuple[int, ...], n_classes: int
) -> Architecture:
    if (made.input_shape, made.n_classes) != (image_shape, n_classes):
        raise baseline_refused(
            path, f"an Architecture for {made.input_shape}, {made.n_classes} classes"
        )
    paths = dict(made.custom_blocks)
    register_custom_blocks(paths)
    costs(made)
    return made.model_copy(update={"block_digests": digest_blocks(made.stages, paths)})


def _find_output_kind(
    model: Any, path: str, image_shape: tuple[int, ...], n_classes: int
) -> Literal["probabilities", "logits"]:
    """Return what a model outputs, by its outputs for random pixels."""
    import keras

    shape = (_PROBED_IMAGES, *image_shape)
    pixels = generator(0, "probe").uniform(0, 255, shape).astype(np.float32)
    try:
        found = np.asarray(model(pixels, training=False))
    except Exception as error:
        text = f"a model that fails on pixels {shape}: {one_line(error)}"
        raise baseline_refused(path, text) from error
    if found.shape != (_PROBED_IMAGES, n_classes):
        raise baseline_refused(
            path, f"a model that makes {found.shape} of {_PROBED_IMAGES} images"
        )
    if not np.isfinite(found).all():
        raise baseline_refused(
            path, "a model whose outputs are not finite on 0-255 pixels"
        )
    last = model.layers[-1] if model.layers else model
    if getattr(last, "activation", None) is keras.activations.sigmoid:
        raise baseline_refused(
            path, "a model that ends in sigmoids, which do not choose one class"
        )
    sums = found.astype(np.float64).sum(axis=1)
    if found.min() >= 0 and np.allclose(sums, 1, atol=_SUM_TOLERANCE):
        return "probabilities"
    return "logits"
