"""Variables of any shape as one vector."""

from __future__ import annotations

import numpy as np

from kedro_nas.training.flat_state import FlatState


def test_flat_state_reads_and_writes_each_variable_in_its_place() -> None:
    """The order is the list's, each variable row by row; writing is the inverse."""
    import tensorflow as tf

    matrix = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    scalar, vector = tf.Variable(7.0), tf.Variable([8.0, 9.0])
    flat = FlatState([matrix, scalar, vector])
    before = flat.read()
    flat.write(before * 10)

    assert before.dtype == np.float32
    assert before.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert matrix.numpy().tolist() == [[10, 20], [30, 40], [50, 60]]
    assert (float(scalar), vector.numpy().tolist()) == (70, [80, 90])
