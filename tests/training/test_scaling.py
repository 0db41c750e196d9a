"""Normalisation whose values can change after the graph is traced."""

from __future__ import annotations

import numpy as np

from kedro_nas.training.scaling import Scaling


def test_scaling_follows_another_layer_in_graph_and_model() -> None:
    """One trace serves two folds; what is saved has the values of the second."""
    import keras
    import tensorflow as tf

    first = keras.layers.Rescaling([2.0], offset=[1.0])
    second = keras.layers.Rescaling([10.0], offset=[-5.0])
    scaling = Scaling(first)
    pixels = tf.constant([[[[3.0]]]])
    with scaling.in_graph():
        graph = tf.function(first.call).get_concrete_function(pixels)
    before = float(np.squeeze(graph(pixels)))
    scaling.follow(second)

    assert before == 7
    assert float(np.squeeze(graph(pixels))) == 25
    assert float(np.squeeze(first(pixels))) == 25
