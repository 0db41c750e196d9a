"""What is measured by building agrees with what is counted otherwise."""

from __future__ import annotations

import keras
import pytest

from kedro_nas.models.build import build_model
from kedro_nas.models.custom_baseline import read_custom_baseline
from kedro_nas.models.measure import (
    KerasCostMeter,
    count_graph_macs,
    measure_model,
    measure_nested_model,
)
from kedro_nas.space.architecture import Backbone
from kedro_nas.space.registry import Block, BlockArguments


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


def block(x, *, filters, kernel_size, stride):
    x = keras.layers.Conv2D(filters, kernel_size, strides=stride, padding="same")(x)
    return keras.layers.BatchNormalization()(x)


def test_measure_block_counts_kernels_and_the_largest_layer():
    """Depth is layers with kernels, memory that of the largest layer."""
    cost = KerasCostMeter().measure_block(
        Block("mine", block, takes_keras_tensors=True),
        (8, 6, 4),
        BlockArguments(10, 3, 1),
    )

    assert cost.params == 9 * 4 * 10 + 10 + 40
    assert cost.depth == 1
    assert cost.values == 2 * 480


@pytest.mark.parametrize(("unfrozen", "reinitialised", "depth"), [(0, 1, 1), (2, 1, 2)])
def test_measure_backbone_counts_only_layers_that_are_trained(
    unfrozen, reinitialised, depth
):
    """Frozen layers have nothing left to learn; the shape is that of the last map."""
    backbone = Backbone(
        name="mobilenet_v2",
        kept=2,
        unfrozen=unfrozen,
        reinitialised=reinitialised,
        input_size=32,
        weights="none",
    )

    cost = KerasCostMeter().measure_backbone(backbone, (28, 28, 1))

    assert cost.depth == depth
    assert cost.shape[:2] == (8, 8)


@pytest.mark.usefixtures("team_own")
def test_measure_custom_model_counts_the_model_that_is_trained():
    """Parameters are those of the model that is built for training."""
    architecture = read_custom_baseline("team_own:logits", (8, 8, 1), 3)

    cost = KerasCostMeter().measure_custom_model(
        architecture.custom_model, (8, 8, 1), 3
    )

    assert cost.params == build_model(architecture).count_params()


def test_measure_nested_model_sees_layers_inside_of_models():
    """A model within a model counts as its layers do."""
    inner = keras.Sequential([keras.layers.Conv2D(5, 3), keras.layers.Dense(2)])
    model = model_of(inner)

    cost = measure_nested_model(model)

    assert cost.depth == 2
    assert cost.macs == 24 * 9 * 4 * 5 + 24 * 5 * 2
    assert cost.params == model.count_params()
