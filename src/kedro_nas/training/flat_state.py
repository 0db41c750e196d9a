"""The state that a learner's steps change, as one vector that can be averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class FlatState:
    """Reads and writes weights and optimizer moments as a vector.

    Statistics of batch normalisation are excluded: they depend on the weights and are
    re-estimated at the end.

    Args:
        variables: `tf.Variable`s of any shapes, float32, in a fixed order.
    """

    def __init__(self, variables: list[Any]) -> None:
        import tensorflow as tf

        shapes = [tuple(v.shape) for v in variables]
        sizes = [int(np.prod(shape)) for shape in shapes]

        def read() -> Any:
            return tf.concat([tf.reshape(v, [-1]) for v in variables], 0)

        def write(vector: Any) -> None:
            parts = tf.split(vector, sizes)
            for variable, part, shape in zip(variables, parts, shapes, strict=True):
                variable.assign(tf.reshape(part, shape))

        spec = tf.TensorSpec([sum(sizes)], tf.float32)
        self._read = tf.function(read, autograph=False, input_signature=[])
        self._write = tf.function(write, autograph=False, input_signature=[spec])

    def read(self) -> NDArray[np.float32]:
        """Return all values, float32 `(n,)`."""
        return np.asarray(self._read())

    def write(self, vector: NDArray[np.float32]) -> None:
        """Replace all values, given as `read` returns them."""
        import tensorflow as tf

        self._write(tf.constant(vector))
