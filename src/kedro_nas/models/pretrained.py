"""Pretrained backbones: cut, adapted to any image, frozen but for the last layers.

The model prepares pixels as each family was trained on them: grey images become three
equal channels, small ones are enlarged, values are scaled. Normalisation layers stay in
inference mode unless all layers are unfrozen, as their statistics are better than those
of a few small batches.

Sources: Sandler et al. (2018) https://arxiv.org/abs/1801.04381; Howard et al. (2019)
https://arxiv.org/abs/1905.02244; Tan & Le (2021) https://arxiv.org/abs/2104.00298; He
et al. (2016) https://arxiv.org/abs/1603.05027; Zoph et al. (2018)
https://arxiv.org/abs/1707.07012; Liu et al. (2022) https://arxiv.org/abs/2201.03545.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Backbone
from kedro_nas.space.backbones import (
    APPLICATIONS,
    FROM_FILE,
    digest_weights,
    enlarged,
)

_KERNEL_RANK = 2
_MAP_RANK = 4
_CHANNELS = 3


def apply_backbone(backbone: Backbone, x: Any, *, load_weights: bool = True) -> Any:
    """Return the output of a backbone for raw 0-255 pixels.

    Args:
        backbone: The backbone.
        x: Keras tensor (batch, height, width, 1 or 3).
        load_weights: False builds the same network without its weights.

    Raises:
        SearchSpaceError: The weights cannot be loaded.
    """
    import keras

    body = load_body(backbone, tuple(x.shape[1:]), load_weights=load_weights)
    height, width, channels = body.input_shape[1:]
    if (height, width) != tuple(x.shape[1:3]):
        x = keras.layers.Resizing(height, width, name="enlarge")(x)
    if channels == _CHANNELS and x.shape[-1] == 1:
        x = keras.layers.Concatenate(name="grey_to_colour")([x, x, x])
    scale = APPLICATIONS[backbone.name][1] if backbone.name in APPLICATIONS else None
    if scale:
        x = keras.layers.Rescaling(scale, offset=-1.0, name="family_scale")(x)
    return body(x)


def load_body(
    backbone: Backbone, image_shape: tuple[int, ...], *, load_weights: bool = True
) -> Any:
    """Return the kept part of a backbone, frozen but for its last layers.

    Raises:
        SearchSpaceError: The weights cannot be loaded, or are of another network.
    """
    import keras

    whole = load_whole(backbone, image_shape, load_weights=load_weights)
    last = whole.layers[last_kept_layer(whole, backbone.kept)].output
    body = keras.Model(whole.inputs[0], last, name="backbone")
    reinitialised = reinitialised_layers(body, backbone.reinitialised)
    freeze(body, backbone.unfrozen, reinitialised)
    for layer in reinitialised:
        _reinitialise(layer)
    return body


def load_whole(
    backbone: Backbone, image_shape: tuple[int, ...], *, load_weights: bool = True
) -> Any:
    """Return the whole network of a backbone.

    Raises:
        SearchSpaceError: The weights cannot be loaded, or are of another network.
    """
    if load_weights or backbone.name == FROM_FILE:
        check_weights(backbone)
    try:
        return _load_whole(backbone, image_shape, load_weights=load_weights)
    except Exception as error:
        raise SearchSpaceError(
            f"the weights of {backbone.name} cannot be loaded",
            received=f"weights: {backbone.weights} ({type(error).__name__}: {error})",
            allowed="imagenet with a network connection, the path of a file, or none",
            remedy="Download the file elsewhere and give its path as "
            "nas.search_space.pretrained.weights"
            if backbone.weights == "imagenet"
            else "Correct nas.search_space.pretrained.weights: for keras_file a .keras "
            "file, else weights of this network without its head, .h5 or .weights.h5",
        ) from error


def check_weights(backbone: Backbone) -> None:
    """Raise an error if the file of weights has changed since the search.

    Raises:
        SearchSpaceError: It has; a missing file is not an error here.
    """
    known, found = backbone.weights_digest, digest_weights(backbone.weights)
    if known and found and found != known:
        raise SearchSpaceError(
            f"the weights {backbone.weights} have changed since the search began",
            received="a file of other content",
            allowed="the file that was searched",
            remedy="Put the file back, or run the stages again from search_space on",
        )


def freeze(body: Any, unfrozen: int, reinitialised: Sequence[Any] = ()) -> None:
    """Freeze a body but for the last layers with kernels; normalisations stay frozen.

    When all layers with kernels are unfrozen, normalisations are, too, as their
    statistics belong to the old features. So are those among `reinitialised`.

    Args:
        body: A Keras model.
        unfrozen: How many layers with kernels stay trainable, from the top.
        reinitialised: Layers that stay trainable wherever they are.
    """
    weighted = _weighted(body)
    free = body.layers if unfrozen >= len(weighted) else _last(weighted, unfrozen)
    trained = {id(layer) for layer in (*free, *reinitialised)}
    for layer in body.layers:
        layer.trainable = id(layer) in trained


def reinitialised_layers(body: Any, n: int) -> list[Any]:
    """Return the last `n` layers with kernels, and normalisations after the first.

    Source: Yosinski et al. (2014) https://arxiv.org/abs/1411.1792: higher layers are
        specific to the task they were trained on.
    """
    weighted = _last(_weighted(body), n)
    if not weighted:
        return []
    first = body.layers.index(weighted[0])
    return [layer for layer in body.layers[first:] if layer.weights]


def _weighted(body: Any) -> list[Any]:
    return [
        layer
        for layer in body.layers
        if any(len(weight.shape) >= _KERNEL_RANK for weight in layer.weights)
    ]


def _last(layers: list[Any], n: int) -> list[Any]:
    return layers[-n:] if n else []


def _reinitialise(layer: Any) -> None:
    """Draw the weights of a layer, with seeds of this run and not those of the file."""
    config = {name: _without_seed(value) for name, value in layer.get_config().items()}
    fresh = type(layer).from_config(config)
    if not fresh.built:
        fresh.build_from_config(layer.get_build_config())
    layer.set_weights(fresh.get_weights())


def _without_seed(value: Any) -> Any:
    """Return a value of a layer's configuration; an initialiser without its seed."""
    config = value.get("config") if isinstance(value, dict) else None
    if isinstance(config, dict) and "seed" in config:  # of a function it is a name
        return {**value, "config": {**config, "seed": None}}
    return value


def _load_whole(
    backbone: Backbone, image_shape: tuple[int, ...], *, load_weights: bool
) -> Any:
    import keras

    if backbone.name == FROM_FILE:
        model = keras.models.load_model(backbone.weights, compile=False)
        if model.input_shape[-1] not in {_CHANNELS, image_shape[-1]}:
            raise ValueError(f"it takes images of {model.input_shape[-1]} channels")
        return model
    attribute, _ = APPLICATIONS[backbone.name]
    weights = backbone.weights if load_weights else "none"
    height, width = enlarged(image_shape, backbone.input_size)
    with warnings.catch_warnings():
        # weights of the default size are used for any other
        warnings.filterwarnings("ignore", message="`input_shape` is undefined")
        whole = getattr(keras.applications, attribute)(
            include_top=False,
            weights="imagenet" if weights == "imagenet" else None,
            input_shape=(height, width, _CHANNELS),
        )
    if weights not in {"imagenet", "none"}:
        if not Path(weights).exists():
            raise FileNotFoundError(weights)
        whole.load_weights(weights)
    return whole


def last_kept_layer(whole: Any, kept: int) -> int:
    """Return where to cut: the last map of the pixels halved at most `kept` times.

    Returns:
        The position of its layer in `whole.layers`.

    Raises:
        SearchSpaceError: The model has no feature map.
    """
    side = whole.input_shape[1:3]
    smallest = [max(1, -(-size // 2**kept)) for size in side]
    for position in reversed(range(len(whole.layers))):
        layer = whole.layers[position]
        shape: Any = getattr(layer.output, "shape", ())
        if (
            len(shape) == _MAP_RANK
            and shape[1] >= smallest[0]
            and shape[2] >= smallest[1]
            and shape[1] * shape[2] > 1
            and not layer.__class__.__name__.startswith("ZeroPadding")
        ):
            return position
    raise SearchSpaceError(
        "the file is not a classifier with a feature map",
        received=f"a model whose layers end in {whole.layers[-1].output.shape}",
        allowed="a convolutional Keras model",
        remedy="Give another file as nas.search_space.pretrained.weights",
    )
