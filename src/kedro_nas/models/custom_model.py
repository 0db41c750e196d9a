"""Custom models: built by a custom function, with the outputs of all networks here.

Such a model has no stages; it is one part of the network, below the last two layers of
every network here, `logits` and `probabilities`.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from typing import Any

import numpy as np

from kedro_nas.custom_code import import_custom
from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.reproducible import plain_layers, seeded_layers, stable_config
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture, CustomModel

CONTRACT = (
    "build(input_shape, n_classes), called with ((height, width, channels), n), that"
    " returns a new keras.Model of Keras' own layers from raw 0-255 pixels to n"
    " probabilities or n logits,"
    " or a kedro_nas Architecture"
)
_REMEDY = "Correct the function, or set nas.job.baseline: auto"
_LEAST_PROBABILITY = 1e-7  # as Keras' own cross-entropy from probabilities
_SEED_OF_WEIGHTS = ("weights", "own_model")  # other words would draw other weights


def apply_custom_model(
    custom: CustomModel,
    pixels: Any,
    n_classes: int,
    *,
    bn_momentum: float,
    seed: int | None,
) -> Any:
    """Return the probabilities of a custom model for raw pixels.

    Args:
        custom: The model.
        pixels: The input, a Keras tensor.
        n_classes: Number of classes.
        bn_momentum: Of all its batch normalisations, as in every network.
        seed: Seeds what the function leaves unseeded; None leaves it to Keras.

    Returns:
        A Keras tensor `(n, n_classes)`.

    Raises:
        SearchSpaceError: The function fails, or builds another network than the one
            that was checked.
    """
    import keras

    shape = tuple(pixels.shape[1:])
    function = import_custom(custom.function, "baseline", SearchSpaceError)
    now = _digest_once(function, custom.function, shape, n_classes)
    derived = None if seed is None else derive_seed(seed, *_SEED_OF_WEIGHTS)
    with seeded_layers(derived):
        model = call_model_function(custom.function, shape, n_classes)
    if now != (custom.digest, custom.weights_digest):
        raise SearchSpaceError(
            f"{custom.function} has changed since the search measured it",
            received="another network",
            allowed="the network that was measured",
            remedy="Run the search stage again; it trains nothing twice",
        )
    _set_momentum(model, bn_momentum)
    linear = _before_softmax(model) if custom.gives == "probabilities" else model
    body = model if linear is None else linear
    body.name = "custom_model"  # its own name may be that of another layer
    scores = body(pixels)
    if linear is None:
        scores = keras.ops.log(keras.ops.clip(scores, _LEAST_PROBABILITY, 1.0))
    logits = keras.layers.Activation("linear", name="logits")(scores)
    return keras.layers.Activation("softmax", name="probabilities")(logits)


def call_model_function(path: str, image_shape: tuple[int, ...], n_classes: int) -> Any:
    """Call a custom function that builds a model.

    Returns:
        A built Keras model, or an `Architecture`.

    Raises:
        SearchSpaceError: The function does not exist, fails, or returns something else.
    """
    import keras

    function = import_custom(path, "baseline", SearchSpaceError)
    try:
        made = function(image_shape, n_classes)
        if isinstance(made, keras.Sequential) and not made.built:
            made.build((None, *image_shape))
        elif isinstance(made, keras.Model) and not made.built:
            made(np.zeros((1, *image_shape), np.float32), training=False)
    except Exception as error:
        raise baseline_refused(path, one_line(error)) from error
    if not isinstance(made, keras.Model | Architecture):
        raise baseline_refused(path, f"an object of type {type(made).__name__}")
    return made


def digest_model(
    path: str, image_shape: tuple[int, ...], n_classes: int
) -> tuple[str, str]:
    """Return the digest of the model a function builds, and of the weights it sets.

    Weights that are equal in two models, and not constant, were set by the function:
    loaded from a file, or drawn with a fixed seed.

    Returns:
        Both digests; the second is empty when no weights were set.

    Raises:
        SearchSpaceError: The model cannot be saved, or is the same object each time.
    """
    with plain_layers():
        first, second = (
            call_model_function(path, image_shape, n_classes) for _ in range(2)
        )
    if first is second:
        raise baseline_refused(
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
    return _digest_config(first, path), weights_digest


@lru_cache(maxsize=16)
def _digest_once(
    function: Any,  # part of the key, as a reloaded module has another one
    path: str,
    image_shape: tuple[int, ...],
    n_classes: int,
) -> tuple[str, str]:
    """Return `digest_model`, computed once per process and function."""
    del function
    return digest_model(path, image_shape, n_classes)


def one_line(error: Exception) -> str:
    """Return an error as one line without terminal colours, which Keras uses."""
    text = re.sub(r"\x1b\[\d+m", "", str(error))
    return f"{type(error).__name__}: {' '.join(text.split())}"[:400]


def baseline_refused(path: str, received: str) -> SearchSpaceError:
    """Return the error for a function whose result cannot be used."""
    return SearchSpaceError(
        f"the baseline {path} cannot be built for these images",
        received=received,
        allowed=CONTRACT,
        remedy=_REMEDY,
    )


def _before_softmax(model: Any) -> Any | None:
    """Return a model of the logits below a last softmax; None where none is found.

    Training needs the logits, as a probability rounded to 0 has no gradient.
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


def _digest_config(model: Any, path: str) -> str:
    """Return a digest of a model's configuration, which must be loadable again."""
    import keras

    try:
        config = keras.saving.serialize_keras_object(model)
        foreign = ", ".join(sorted(_foreign_names(config)))
        text = json.dumps(stable_config(config), sort_keys=True)
        if not foreign:
            keras.saving.deserialize_keras_object(config)  # which empties `config`
    except Exception as error:
        text = f"a model that cannot be saved and read back: {one_line(error)}"
        raise baseline_refused(path, text) from error
    if foreign:
        # the exported file must be readable without the package of the function
        raise baseline_refused(
            path, f"a model with classes that are not Keras': {foreign}"
        )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _foreign_names(value: Any) -> set[str]:
    """Return the classes and functions in a configuration that are not Keras'."""
    if isinstance(value, list | tuple):
        return {name for item in value for name in _foreign_names(item)}
    if not isinstance(value, dict):
        return set()
    module = value.get("module")
    known = not isinstance(module, str) or module.partition(".")[0] == "keras"
    here = set() if known else {f"{module}.{value.get('class_name')}"}
    return here.union(*map(_foreign_names, value.values()))
