"""A user's own network: called, checked at the door, wrapped to be trained like ours.

What a function builds cannot be taken apart into stages, so it stays one piece, under
the two layers every network here ends in: `logits` and `probabilities`.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Literal

import numpy as np

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.custom import import_function, register_custom_blocks
from kedro_nas.models.seeded import seeded_layers
from kedro_nas.seeds import derive_seed, generator
from kedro_nas.space.architecture import Architecture, OwnModel, Stem
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
# What differs between two buildings of one network.
_UNSTABLE = frozenset({"seed", "shared_object_id"})


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
    if _call(path, image_shape, n_classes) is made:
        raise _refused(
            path, "the same model at each call, so folds would share weights"
        )
    gives = _what_it_gives(made, path, image_shape, n_classes)
    architecture = Architecture(
        input_shape=image_shape,
        n_classes=n_classes,
        stem=Stem(width=1, kernel_size=1, stride=1),
        own_model=OwnModel(function=path, digest=_digest(made, path), gives=gives),
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

    derived = None if seed is None else derive_seed(seed, "weights", "own_model")
    with seeded_layers(derived):
        model = _call(own.function, tuple(pixels.shape[1:]), n_classes)
    if isinstance(model, Architecture) or _digest(model, own.function) != own.digest:
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


def _told(error: Exception) -> str:
    """Say an error in one line; Keras writes some over many, with bold letters."""
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
    register_custom_blocks(dict(made.custom_blocks))
    costs(made)
    return made


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
        text = json.dumps(_anonymous(config, _layer_names(config, {})), sort_keys=True)
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


def _layer_names(value: Any, names: dict[str, str]) -> dict[str, str]:
    """Number layers in their order; Keras numbers unnamed ones anew in each process."""
    if isinstance(value, dict):
        config = value.get("config")
        if isinstance(config, dict) and value.get("class_name") != "DTypePolicy":
            name = config.get("name")
            if isinstance(name, str):
                names.setdefault(name, f"layer {len(names)}")
        for item in value.values():
            _layer_names(item, names)
    elif isinstance(value, list | tuple):
        for item in value:
            _layer_names(item, names)
    return names


def _anonymous(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            str(key): _anonymous(item, names)
            for key, item in value.items()
            if key not in _UNSTABLE
        }
    if isinstance(value, list | tuple):
        return [_anonymous(item, names) for item in value]
    if isinstance(value, str):
        return names.get(value, value)
    return value if isinstance(value, int | float | None) else repr(value)
