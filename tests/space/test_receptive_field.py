"""The receptive field is what a perturbed pixel can reach."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kedro_nas.space.architecture import Architecture, Backbone, Stage, Stem
from kedro_nas.space.receptive_field import receptive_field
from kedro_nas.space.registry import find_block


def network(*stages: dict[str, Any], stem_stride: int = 2) -> Architecture:
    """Return a network of stages given by what differs from a plain convolution."""
    plain = {"block": "conv", "depth": 1, "width": 32, "kernel_size": 3, "stride": 1}
    return Architecture(
        input_shape=(28, 28, 1),
        n_classes=10,
        stem=Stem(width=16, kernel_size=3, stride=stem_stride),
        stages=tuple(Stage(**(plain | stage)) for stage in stages),
    )


@pytest.mark.parametrize(
    ("stages", "field"),
    [
        # 3 pixels of the stem, then 2 * 2 of a convolution on every second pixel
        ([{}], 7),
        ([{"kernel_size": 5}], 11),
        ([{"depth": 2}], 11),
        ([{"stride": 2}, {}], 15),
        ([{"stride": 2, "depth": 2}], 15),
        # two convolutions each, the second after the stride
        (
            [
                {
                    "block": "residual",
                    "stride": 2,
                    "options": (("pre_activation", False),),
                }
            ],
            15,
        ),
        ([{"attention": "cbam"}], 7),
        ([{"attention": "self_attention"}], math.inf),
    ],
)
def test_receptive_field_is_that_counted_by_hand(stages, field) -> None:
    """Kernels add to the field by the distance of the pixels they see."""
    assert receptive_field(network(*stages)) == field


@pytest.mark.parametrize("stem_stride", [1, 2])
def test_receptive_field_of_candidate_0_is_smaller_than_its_images(stem_stride) -> None:
    """The field of a strided stem doubles what follows it."""
    stages = ({}, {"stride": 2}, {"stride": 2})

    assert receptive_field(network(*stages, stem_stride=stem_stride)) == (
        19 if stem_stride == 2 else 11
    )


@pytest.mark.parametrize(
    "block", ["bottleneck", "separable", "inverted_residual", "convnext"]
)
def test_receptive_field_of_a_block_with_1x1_parts_is_that_of_its_kernel(block) -> None:
    """Layers over one position see no further; a depthwise kernel does."""
    options = {name: allowed[0] for name, allowed in find_block(block).options.items()}
    stage = {"block": block, "options": tuple(sorted(options.items()))}

    assert receptive_field(network(stage)) == 7


def test_receptive_field_of_a_pretrained_network_is_unlimited() -> None:
    """A pretrained network is deep enough to see the whole image."""
    pretrained = network({}).model_copy(
        update={
            "stages": (),
            "backbone": Backbone(name="mobilenet_v2", kept=5, input_size=96),
        }
    )

    assert receptive_field(pretrained) == math.inf
