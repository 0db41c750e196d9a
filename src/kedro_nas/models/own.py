"""A user's own network: called, checked at the door, wrapped to be trained like ours.

What a function builds cannot be taken apart into stages, so it stays one piece, under
the two layers every network here ends in: `logits` and `probabilities`.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.custom import import_function, register_custom_blocks
from kedro_nas.models.seeded import seeded_layers
from kedro_nas.models.stable_config import plain_layers, stable_config
from kedro_nas.seeds import derive_seed, generator
from kedro_nas.space.architecture import Architecture, OwnModel, Stem
from kedro_nas.space.block_programs import digest_blocks
from kedro_nas.space.costs import costs

CONTRACT = (
    "build(input_shape, n_classes), called with ((height, width, channels), n), that"
    " returns a new keras.Model of Keras' own layers from raw 0-255 pixels to n"
    " probabilities or n logits,"
    " or a kedro_nas Architecture"
)
_REMEDY = "Mend the function, or set nas.ranking.baseline: auto"
_PROBED_IMAGES = 4
_LEAST_PROBABILITY = 1e-7  # as Keras' own cross-entropy from probabilities
_SUM_TOLERANCE = 1e-3


def read_own_model(
    path: str, image_shape: tuple[int, int, int], n_classes: int
) -> Architecture:
    """Call a user's function once, check all it promises, and make it a contestant.

    Args:
        path: `package.module:function`.
        image_shape: Height, width, channels.
        n_classes: Number of classes.

    Returns:
        An architecture with an `own_model`, or the one the function returned.

    Raises:
        SearchSpaceError: The function is not there, fails, or builds something that
            cannot be trained, saved or counted.
    """
    made = _call(path, image_shape, n_classes)
    if isinstance(made, Architecture):
        return _checked(made, path, image_shape, n_classes)
    digest, weights_digest = _describe(path, image_shape, n_classes)
    gives = _what_it_gives(made, path, image_shape, n_classes)
    architecture = Architecture(
        input_shape=image_shape,
        n_classes=n_classes,
        stem=Stem(width=1, kernel_size=1, stride=1),
        own_model=OwnModel(
            function=path,
            digest=digest,
            gives=gives,
            weights_digest=weights_digest,
        ),
    )
    costs(architecture)
    return architecture


def apply_own_model(
    own: OwnModel, pixels: Any, n_classes: int, *, bn_momentum: float, seed: int | None
) -> Any:
    """Build a user's network on raw pixels.

    Args:
        own: Which.
        pixels: The input, a Keras tensor.
        n_classes: Number of classes.
        bn_momentum: Set in all its batch normalisations, as in every contestant.
        seed: Seeds what the function leaves unseeded; None does not.

    Returns:
        The tensor of probabilities.

    Raises:
        SearchSpaceError: The function fails, or builds another network than the one
            that was checked.
    """
    import keras

    shape = tuple(pixels.shape[1:])
    function = import_function(own.function, "baseline")
    now = _describe_once(function, own.function, shape, n_classes)
    derived = None if seed is None else derive_seed(seed, "weights", "own_model")
    with seeded_layers(derived):
        model = _call(own.function, shape, n_classes)
    if now != (own.digest, own.weights_digest):
        raise SearchSpaceError(
            f"{own.function} has changed since the search measured it",
            received="another network",
            allowed="the network that was measured",
            remedy="Run the search stage again; it trains nothing twice",
        )
    _set_momentum(model, bn_momentum)
    linear = _before_softmax(model) if own.gives == "probabilities" else model
    body = model if linear is None else linear
    body.name = "own_model"  # one of the user's could be that of a layer of ours
    scores = body(pixels)
    if linear is None:
        scores = keras.ops.log(keras.ops.clip(scores, _LEAST_PROBABILITY, 1.0))
    logits = keras.layers.Activation("linear", name="logits")(scores)
    return keras.layers.Activation("softmax", name="probabilities")(logits)


def _call(path: str, image_shape: tuple[int, ...], n_classes: int) -> Any:
    import keras

    function = import_function(path, "baseline")
    try:
        made = function(image_shape, n_classes)
        if isinstance(made, keras.Sequential) and not made.built:
            made.build((None, *image_shape))
        elif isinstance(made, keras.Model) and not made.built:
            made(np.zeros((1, *image_shape), np.float32), training=False)
    except Exception as error:
        raise _refused(path, _told(error)) from error
    if not isinstance(made, keras.Model | Architecture):
        raise _refused(path, f"an object of type {type(made).__name__}")
    return made


def _describe(
    path: str, image_shape: tuple[int, ...], n_classes: int
) -> tuple[str, str]:
    """Return the digests of what a function builds, and of the weights it sets itself.

    Weights that are the same in two models, and not one constant, were not left to
    chance: they were loaded from a file, or seeded by the function.

    Raises:
        SearchSpaceError: It is no model that can be saved, or the same one each time.
    """
    with plain_layers():
        first, second = (_call(path, image_shape, n_classes) for _ in range(2))
    if first is second:
        raise _refused(
            path, "the same model at each call, so folds would share weights"
        )
    if isinstance(first, Architecture):
        return "", ""
    found = hashlib.sha256()
    is_set = False
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    for place, (values, others) in enumerate(pairs):
        if np.ptp(values) and np.array_equal(values, others):
            found.update(f"{place} {values.dtype} {values.shape}".encode())
            found.update(np.ascontiguousarray(values).tobytes())
            is_set = True
    weights_digest = found.hexdigest()[:12] if is_set else ""
    return _digest(first, path), weights_digest


@lru_cache(maxsize=16)
def _describe_once(
    function: Any,  # loaded anew it is described anew
    path: str,
    image_shape: tuple[int, ...],
    n_classes: int,
) -> tuple[str, str]:
    """Describe what a function builds once per process: its code stays, once loaded."""
    del function
    return _describe(path, image_shape, n_classes)


def _told(error: Exception) -> str:
    """Write an error in one line; Keras writes some over many, with bold letters."""
    text = re.sub(r"\x1b\[\d+m", "", str(error))
    return f"{type(error).__name__}: {' '.join(text.split())}"[:400]


def _refused(path: str, received: str) -> SearchSpaceError:
    return SearchSpaceError(
        f"the baseline {path} cannot be built for these images",
        received=received,
        allowed=CONTRACT,
        remedy=_REMEDY,
    )


def _checked(
    made: Architecture, path: str, image_shape: tuple[int, ...], n_classes: int
) -> Architecture:
    if (made.input_shape, made.n_classes) != (image_shape, n_classes):
        raise _refused(
            path, f"an Architecture for {made.input_shape}, {made.n_classes} classes"
        )
    paths = dict(made.custom_blocks)
    register_custom_blocks(paths)
    costs(made)
    return made.model_copy(update={"block_digests": digest_blocks(made.stages, paths)})


def _what_it_gives(
    model: Any, path: str, image_shape: tuple[int, ...], n_classes: int
) -> Literal["probabilities", "logits"]:
    """Find out on random pixels, as no two models name their outputs alike."""
    import keras

    shape = (_PROBED_IMAGES, *image_shape)
    pixels = generator(0, "probe").uniform(0, 255, shape).astype(np.float32)
    try:
        found = np.asarray(model(pixels, training=False))
    except Exception as error:
        text = f"a model that fails on pixels {shape}: {_told(error)}"
        raise _refused(path, text) from error
    if found.shape != (_PROBED_IMAGES, n_classes):
        raise _refused(
            path, f"a model that makes {found.shape} of {_PROBED_IMAGES} images"
        )
    if not np.isfinite(found).all():
        raise _refused(path, "a model whose outputs are not finite on 0-255 pixels")
    last = model.layers[-1] if model.layers else model
    if getattr(last, "activation", None) is keras.activations.sigmoid:
        raise _refused(path, "a model that ends in sigmoids, which name no one class")
    sums = found.astype(np.float64).sum(axis=1)
    if found.min() >= 0 and np.allclose(sums, 1, atol=_SUM_TOLERANCE):
        return "probabilities"
    return "logits"


def _before_softmax(model: Any) -> Any | None:
    """Return a model of the logits below a last softmax; None where none is seen.

    Training needs the logits: a probability that was rounded to 0 has no gradient.
    """
    import keras

    last: Any = model.layers[-1] if model.layers else None
    inputs = getattr(model, "inputs", None)
    if not inputs or getattr(last, "output", None) is not model.outputs[0]:
        return None
    if isinstance(last, keras.layers.Softmax):
        return keras.Model(inputs, last.input)
    if getattr(last, "activation", None) is not keras.activations.softmax:
        return None
    last.activation = keras.activations.linear
    return model


def _set_momentum(model: Any, momentum: float) -> None:
    for layer in getattr(model, "layers", ()):
        if type(layer).__name__ == "BatchNormalization":
            layer.momentum = momentum
        _set_momentum(layer, momentum)


def _digest(model: Any, path: str) -> str:
    """Hash a network's configuration, and see that it can be saved and read back."""
    import keras

    try:
        config = keras.saving.serialize_keras_object(model)
        strangers = ", ".join(sorted(_strangers(config)))
        text = json.dumps(stable_config(config), sort_keys=True)
        if not strangers:
            keras.saving.deserialize_keras_object(config)  # takes it to pieces
    except Exception as error:
        text = f"a model that cannot be saved and read back: {_told(error)}"
        raise _refused(path, text) from error
    if strangers:
        # the exported file must be readable by who does not have the user's package
        raise _refused(path, f"a model with classes that are not Keras': {strangers}")
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _strangers(value: Any) -> set[str]:
    """Name the classes and functions of a configuration that Keras does not have."""
    if isinstance(value, list | tuple):
        return {name for item in value for name in _strangers(item)}
    if not isinstance(value, dict):
        return set()
    module = value.get("module")
    known = not isinstance(module, str) or module.partition(".")[0] == "keras"
    own = set() if known else {f"{module}.{value.get('class_name')}"}
    return own.union(*map(_strangers, value.values()))
