"""What is measured by building agrees with what is counted otherwise."""

from __future__ import annotations

import keras
import pytest

from kedro_nas.models.measure import count_graph_macs, measure_model


def model_of(make) -> keras.Model:
    x = keras.Input((8, 6, 4))
    return keras.Model(x, make(x))


@pytest.mark.parametrize(
    ("make", "macs"),
    [
        (keras.layers.Conv2D(5, 3, padding="same"), 48 * 9 * 4 * 5),
        (keras.layers.Conv2D(4, 3, groups=2), 24 * 9 * 2 * 4),
        (keras.layers.DepthwiseConv2D(3, strides=2), 3 * 2 * 9 * 4),
        (keras.layers.Dense(7), 48 * 4 * 7),
        (lambda x: keras.ops.matmul(x, keras.ops.transpose(x, (0, 1, 3, 2))), 8 * 144),
    ],
)
def test_graph_macs_of_single_layers_are_as_on_paper(make, macs):
    """Operation by operation, padding counted, groups divided."""
    assert count_graph_macs(model_of(make)) == macs


@pytest.mark.parametrize(
    "make",
    [
        keras.layers.Conv2D(6, 3, groups=2, padding="same"),
        keras.layers.SeparableConv2D(5, 3),
        lambda x: keras.layers.MultiHeadAttention(2, 3)(*[flat(x)] * 2),
        lambda x: keras.layers.MultiHeadAttention(2, 3, value_dim=5)(*[flat(x)] * 2),
    ],
)
def test_measured_macs_of_known_and_unknown_layers_equal_the_graph(make):
    """The quick count by layers is only used where it is the graph's."""
    model = model_of(make)

    assert measure_model(model).macs == count_graph_macs(model)


def flat(x):
    return keras.layers.Reshape((48, 4))(x)
