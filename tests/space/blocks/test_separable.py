"""Depthwise separable convolution, as in Xception."""

from __future__ import annotations

from tests.space.blocks.counting import count_block


def test_separable_costs_are_a_depthwise_kernel_and_a_1x1_layer() -> None:
    """25 weights per input channel, then one per pair of channels."""
    found = count_block("separable", (8, 8, 16), 24, kernel_size=5)

    assert found.params == 25 * 16 + 16 * 24 + 4 * 24
    assert found.macs == 64 * (25 * 16 + 16 * 24)
    assert found.depth == 2


def test_separable_has_no_activation_between_its_parts() -> None:
    """As in Xception, the only activation follows the norm."""
    found = count_block("separable", (8, 8, 4), 8)

    assert found.kinds == [
        "DepthwiseConv2D",
        "Conv2D",
        "BatchNormalization",
        "Activation",
    ]
    assert found.biases() == [False, False]


def test_separable_strides_in_the_depthwise_part() -> None:
    """The 1x1 layer works on the smaller map only."""
    found = count_block("separable", (8, 8, 16), 24, stride=2)

    assert found.shape == (4, 4, 24)
    assert found.macs == 16 * (9 * 16 + 16 * 24)
