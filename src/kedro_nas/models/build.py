"""Keras models of architectures: the layer vocabulary interpreted with Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kedro_nas.errors import KedroNasError, SearchSpaceError
from kedro_nas.models.custom_blocks import register_blocks_of
from kedro_nas.models.custom_model import apply_custom_model
from kedro_nas.models.pretrained import apply_backbone
from kedro_nas.models.reproducible import call_custom_block, seeded_layers
from kedro_nas.seeds import derive_seed
from kedro_nas.space.architecture import Architecture, Backbone
from kedro_nas.space.layers import Layer, LayerVocabulary
from kedro_nas.space.network import run_network
from kedro_nas.space.registry import Block, BlockArguments

# argument of a layer that takes the initialiser of its kernel
_KERNELS = {
    "Conv2D": "kernel_initializer",
    "Conv1D": "kernel_initializer",
    "Dense": "kernel_initializer",
    "DepthwiseConv2D": "depthwise_initializer",
}
_SMALLEST_STD = 1e-6


class KerasLayers(LayerVocabulary):
    """The Keras interpreter: tensors are symbolic Keras tensors.

    Args:
        bn_momentum: Momentum of every BatchNormalization.
        seed: Each kernel is seeded by it and the layer's name; None leaves it to Keras.
    """

    def __init__(self, *, bn_momentum: float = 0.9, seed: int | None = None) -> None:
        super().__init__()
        self._bn_momentum = bn_momentum
        self._seed = seed

    def apply(self, layer: Layer, *inputs: Any) -> Any:
        """Return the output of a new Keras layer for its inputs."""
        import keras

        config = dict(layer.config)
        if layer.kind == "BatchNormalization":
            config["momentum"] = self._bn_momentum
        if self._seed is not None:
            config |= dict(self._seeded_arguments(layer))
        # attention clones one initialiser for query, key and value, and with a seed
        # all three would start equal; so the default seeds are set instead
        with seeded_layers(self._derive(layer.name)):
            made = getattr(keras.layers, layer.kind)(**config, name=layer.name)
            if layer.kind in {"Add", "Multiply", "Concatenate"}:
                return made(list(inputs))
            return made(*inputs)

    def shape(self, x: Any) -> tuple[int, ...]:
        """Return the shape of a Keras tensor without its batch axis."""
        return tuple(x.shape[1:])

    def backbone(self, backbone: Backbone, x: Any) -> Any:
        """Return the output of a pretrained backbone for raw pixels."""
        with seeded_layers(self._derive("backbone")):
            return apply_backbone(backbone, x)

    def custom_block(self, block: Block, x: Any, arguments: BlockArguments) -> Any:
        """Return the output of a custom block after checking its shape."""
        scope = self._name(block.name)
        with seeded_layers(self._derive(scope)):
            return call_custom_block(block, x, arguments)

    def _derive(self, name: str) -> int | None:
        return None if self._seed is None else derive_seed(self._seed, "weights", name)

    def _seeded_arguments(self, layer: Layer) -> Iterator[tuple[str, Any]]:
        """Yield the arguments that seed a layer: a kernel's initialiser, or a seed."""
        import keras

        seed = self._derive(layer.name)
        if layer.kind in _KERNELS and _KERNELS[layer.kind] not in layer.config:
            yield _KERNELS[layer.kind], keras.initializers.GlorotUniform(seed=seed)
        elif layer.kind == "Dropout":
            yield "seed", seed


def build_model(
    architecture: Architecture,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    bn_momentum: float = 0.9,
    seed: int | None = None,
) -> Any:
    """Return the uncompiled Keras model of an architecture.

    Args:
        architecture: What to build.
        mean: Mean of each channel, in 0-255; None for 0.
        std: Standard deviation of each channel, in 0-255; None for 255.
        bn_momentum: Momentum of BatchNorm. With Keras' default, 0.99, hundreds of steps
            pass before validation scores are meaningful.
        seed: Seeds kernels and dropout, independent of models built before; None
            leaves them to Keras.

    Returns:
        A `keras.Model` from float32 `(n, height, width, channels)` raw 0-255 values
        (input `pixels`) to probabilities `(n, n_classes)` (layer `probabilities`,
        on top of the linear layer `logits`).

    Raises:
        SearchSpaceError: A block failed; names block and architecture.
    """
    import keras

    pixels = keras.Input(architecture.input_shape, name="pixels")
    if architecture.custom_model:
        outputs = apply_custom_model(
            architecture.custom_model,
            pixels,
            architecture.n_classes,
            bn_momentum=bn_momentum,
            seed=seed,
        )
        return keras.Model(pixels, outputs, name="network")
    register_blocks_of(architecture)
    layers = KerasLayers(bn_momentum=bn_momentum, seed=seed)
    x = pixels
    try:
        # a backbone scales pixels as its weights were trained with
        if architecture.backbone is None:
            scaling = normalisation(architecture.input_shape[-1], mean, std)
            # half precision would lose digits in the difference to the mean
            x = keras.layers.Rescaling(
                **scaling, name="normalisation", dtype="float32"
            )(pixels)
        outputs = run_network(layers, architecture, x)
    except KedroNasError as error:
        raise SearchSpaceError(
            f"cannot build {architecture.describe()}",
            received=str(error),
            remedy="Correct the block, or leave it out of nas.search_space.blocks",
        ) from error
    return keras.Model(pixels, outputs, name="network")


def normalisation(
    n_channels: int, mean: Sequence[float] | None, std: Sequence[float] | None
) -> dict[str, list[float]]:
    """Return the arguments of the `Rescaling` that is `(x - mean) / std`.

    A channel that never varies (standard deviation 0) is only centred.

    >>> normalisation(1, [127.5], [51.0])
    {'scale': [0.0196...], 'offset': [-2.5]}
    """
    means = [0.0] * n_channels if mean is None else [float(m) for m in mean]
    stds = [255.0] * n_channels if std is None else [float(s) for s in std]
    scale = [1 / (s if s > _SMALLEST_STD else 1.0) for s in stds]
    offset = [-m * s for m, s in zip(means, scale, strict=True)]
    return {"scale": scale, "offset": offset}
