"""Blocks, backbones and custom models are measured by building them once."""

from __future__ import annotations

import keras
import pytest

from kedro_nas.models.build import build_model
from kedro_nas.models.custom_baseline import read_custom_baseline
from kedro_nas.models.keras_meter import KerasCostMeter
from kedro_nas.space.architecture import Backbone
from kedro_nas.space.registry import Block, BlockArguments


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
