"""A residual block that works in fewer channels."""

from __future__ import annotations

import pytest
from tests.space.blocks.counting import count_block, count_closing


@pytest.mark.parametrize("reduction", [4, 2])
@pytest.mark.parametrize("pre_activation", [False, True])
def test_bottleneck_costs_follow_the_reduction(
    reduction: int, pre_activation: bool
) -> None:
    """1x1 into 64 / reduction channels, 3x3 within them, 1x1 back."""
    inner = 64 // reduction
    found = count_block(
        "bottleneck",
        (8, 8, 64),
        64,
        reduction=reduction,
        pre_activation=pre_activation,
    )
    weights = 64 * inner + 9 * inner * inner + inner * 64
    norms = 4 * (64 + inner + inner)

    assert found.params == weights + norms
    assert found.macs == 64 * weights
    assert found.depth == 3


def test_bottleneck_strides_in_its_3x3_convolution() -> None:
    """The first 1x1 layer still sees the whole map, as in ResNet 1.5."""
    found = count_block("bottleneck", (8, 8, 16), 32, stride=2)
    convolutions = [one.config for one in found.layers if one.kind == "Conv2D"]

    assert [one["strides"] for one in convolutions[:3]] == [1, 2, 1]
    assert [one["filters"] for one in convolutions[:3]] == [8, 8, 32]
    assert found.shape == (4, 4, 32)


def test_bottleneck_of_few_channels_keeps_one() -> None:
    """Fewer filters than the reduction leave one channel inside, not none."""
    found = count_block("bottleneck", (4, 4, 2), 2, reduction=4)

    assert found.layers[0].config["filters"] == 1


def test_bottleneck_with_pre_activation_is_closed_by_norm_and_activation() -> None:
    """The raw sum is normalised once, at the end of the stage."""
    found = count_block("bottleneck", (8, 8, 8), 8, pre_activation=True)
    closing = count_closing("bottleneck", (8, 8, 8), reduction=4, pre_activation=True)

    assert found.kinds[-1] == "Add"
    assert closing.kinds == ["BatchNormalization", "Activation"]
