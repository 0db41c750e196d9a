"""The layer vocabulary in which blocks are written.

A block is a function over a `LayerVocabulary`. Three interpreters run the same
function: counting (`space.costs`), Keras (`models.build`) and source text
(`models.source`), so that formulas, model and source agree. Each method below becomes
one `Layer`: a class of `keras.layers`, its arguments and a readable name; the
interpreter's `apply` uses it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from kedro_nas.space.architecture import Backbone
from kedro_nas.space.registry import Block, BlockArguments

# activations by our name, with the name in Keras
ACTIVATIONS = {
    "relu": "relu",
    "swish": "silu",
    "hard_swish": "hard_silu",
    "gelu": "gelu",
    "sigmoid": "sigmoid",
    "softmax": "softmax",
}


LayerArguments = dict[str, Any]
"""Keyword arguments of a class of `keras.layers`."""


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Attributes:
        kind: Name of the class in `keras.layers`.
        name: Name of the layer in the model.
        config: Arguments of the class.
    """

    kind: str
    name: str
    config: LayerArguments = field(default_factory=dict)


class LayerVocabulary(ABC):
    """Base of the interpreters; subclasses define how a layer is applied.

    Tensors are of any type the interpreter uses; a block may only pass them on and get
    their `shape`. Feature maps are (height, width, channels). All convolutions use
    `same` padding, so a map always has at least one pixel.
    """

    def __init__(self) -> None:
        self._scope: tuple[str, ...] = ()
        self._counts: dict[str, int] = {}

    @abstractmethod
    def apply(self, layer: Layer, *inputs: Any) -> Any:
        """Apply one layer to one or several tensors."""

    @abstractmethod
    def shape(self, x: Any) -> tuple[int, ...]:
        """Return the shape of a tensor without its batch axis."""

    @abstractmethod
    def backbone(self, backbone: Backbone, x: Any) -> Any:
        """Apply a pretrained backbone to raw pixels."""

    @abstractmethod
    def custom_block(self, block: Block, x: Any, arguments: BlockArguments) -> Any:
        """Apply a custom block that is written over Keras tensors."""

    def scope(self, name: str) -> AbstractContextManager[None]:
        """Prefix the names of all layers made in the context, e.g. `stage2_block1`."""
        return self._within(name)

    @contextmanager
    def _within(self, name: str) -> Iterator[None]:
        before = self._scope
        self._scope = (*before, name)
        try:
            yield
        finally:
            self._scope = before

    def _name(self, word: str) -> str:
        stem = "_".join((*self._scope, word))
        self._counts[stem] = self._counts.get(stem, 0) + 1
        return f"{stem}{self._counts[stem]}"

    def _layer(self, word: str, kind: str, *inputs: Any, **config: Any) -> Any:
        return self.apply(Layer(kind, self._name(word), config), *inputs)

    # --- convolutions and dense layers ------------------------------------------
    def conv(
        self,
        x: Any,
        filters: int,
        kernel_size: int = 1,
        *,
        stride: int = 1,
        bias: bool = False,
    ) -> Any:
        """Convolve with square kernels; no bias by default, as a norm follows."""
        return self._layer(
            "conv",
            "Conv2D",
            x,
            filters=filters,
            kernel_size=kernel_size,
            strides=stride,
            padding="same",
            use_bias=bias,
        )

    def depthwise_conv(
        self, x: Any, kernel_size: int, *, stride: int = 1, bias: bool = False
    ) -> Any:
        """Convolve each channel separately."""
        return self._layer(
            "depthwise",
            "DepthwiseConv2D",
            x,
            kernel_size=kernel_size,
            strides=stride,
            padding="same",
            use_bias=bias,
        )

    def conv1d(self, x: Any, filters: int, kernel_size: int) -> Any:
        """Convolve a sequence (length, channels), without bias."""
        return self._layer(
            "conv",
            "Conv1D",
            x,
            filters=filters,
            kernel_size=kernel_size,
            padding="same",
            use_bias=False,
        )

    def dense(self, x: Any, units: int, *, bias: bool = True) -> Any:
        """Apply a linear layer to the last axis."""
        return self._layer("dense", "Dense", x, units=units, use_bias=bias)

    def self_attention(self, x: Any, *, heads: int, key_width: int) -> Any:
        """Apply multi-head self-attention to a sequence (length, channels)."""
        return self._layer(
            "attention",
            "MultiHeadAttention",
            x,
            x,
            num_heads=heads,
            key_dim=key_width,
        )

    # --- normalisation, activation, regularisation --------------------------------
    def batch_norm(self, x: Any) -> Any:
        """Normalise each channel over the batch."""
        return self._layer("norm", "BatchNormalization", x)

    def layer_norm(self, x: Any) -> Any:
        """Normalise each position over its channels."""
        return self._layer("norm", "LayerNormalization", x, epsilon=1e-6)

    def activation(self, x: Any, kind: str) -> Any:
        """Apply one of `ACTIVATIONS`."""
        return self._layer("act", "Activation", x, activation=ACTIVATIONS[kind])

    def dropout(self, x: Any, rate: float) -> Any:
        """Drop features during training; no layer for a rate of 0."""
        return self._layer("dropout", "Dropout", x, rate=rate) if rate else x

    # --- joining and pooling --------------------------------------------------------
    def add(self, x: Any, y: Any) -> Any:
        """Add two maps of one shape."""
        return self._layer("add", "Add", x, y)

    def multiply(self, x: Any, gate: Any) -> Any:
        """Multiply a map by a gate that broadcasts over it."""
        return self._layer("gate", "Multiply", x, gate)

    def concatenate(self, x: Any, y: Any) -> Any:
        """Join two maps along their channels."""
        return self._layer("join", "Concatenate", x, y)

    def max_pool(self, x: Any, size: int = 2) -> Any:
        """Take the largest value of each window."""
        return self._layer("pool", "MaxPooling2D", x, pool_size=size, padding="same")

    def average_pool(self, x: Any, size: int = 2) -> Any:
        """Take the mean of each window."""
        return self._layer(
            "pool", "AveragePooling2D", x, pool_size=size, padding="same"
        )

    def global_average_pool(self, x: Any, *, keep_axes: bool = False) -> Any:
        """Average over all positions; (1, 1, channels) when axes are kept."""
        return self._layer("pool", "GlobalAveragePooling2D", x, keepdims=keep_axes)

    def global_max_pool(self, x: Any, *, keep_axes: bool = False) -> Any:
        """Take the largest value over all positions."""
        return self._layer("pool", "GlobalMaxPooling2D", x, keepdims=keep_axes)

    def channel_mean(self, x: Any) -> Any:
        """Average over channels: (height, width, 1)."""
        return self._over_channels(x, "GlobalAveragePooling1D")

    def channel_max(self, x: Any) -> Any:
        """Take the largest channel at each position: (height, width, 1)."""
        return self._over_channels(x, "GlobalMaxPooling1D")

    def _over_channels(self, x: Any, kind: str) -> Any:
        # layers instead of keras.ops, as they load in safe_mode
        height, width, channels = self.shape(x)
        x = self.reshape(x, (height * width, channels))
        x = self._layer("pool", kind, x, data_format="channels_first", keepdims=True)
        return self.reshape(x, (height, width, 1))

    def reshape(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Give the same values another shape."""
        return self._layer("reshape", "Reshape", x, target_shape=shape)

    def flatten(self, x: Any) -> Any:
        """Reshape a map to a vector."""
        return self._layer("flatten", "Flatten", x)

    # --- the two layers that other modules find by name -----------------------------
    def logits(self, x: Any, n_classes: int, *, zeros: bool = False) -> Any:
        """Compute class scores in the layer `logits`; its kernel may start at zero."""
        config: LayerArguments = {"units": n_classes, "use_bias": True}
        if zeros:
            config["kernel_initializer"] = "zeros"
        return self.apply(Layer("Dense", "logits", config), x)

    def probabilities(self, x: Any) -> Any:
        """Apply softmax to class scores in the layer `probabilities`."""
        return self.apply(
            Layer("Activation", "probabilities", {"activation": "softmax"}), x
        )
