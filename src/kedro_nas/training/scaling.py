"""Input normalisation whose mean and deviation are variables in the traced graphs.

Each fold is normalised by its own training rows. With constants, the graphs of the same
network would have to be traced, and on a GPU compiled, again for each fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Scaling:
    """Replaces the layer `normalisation` of a built model in its graphs.

    Args:
        layer: A `keras.layers.Rescaling`, float32.
    """

    def __init__(self, layer: Any) -> None:
        import tensorflow as tf

        self._layer = layer
        self._scale = tf.Variable(layer.scale, trainable=False, dtype=tf.float32)
        self._offset = tf.Variable(layer.offset, trainable=False, dtype=tf.float32)

    def follow(self, layer: Any) -> None:
        """Copy another layer's values, for the graphs and for the saved model."""
        self._layer.scale, self._layer.offset = layer.scale, layer.offset
        self._scale.assign(layer.scale)
        self._offset.assign(layer.offset)

    @contextmanager
    def in_graph(self) -> Iterator[None]:
        """Make the layer read the variables within the `with` block."""
        self._layer.call = self._call
        try:
            yield
        finally:
            del self._layer.call

    def _call(self, inputs: Any) -> Any:
        return inputs * self._scale + self._offset
