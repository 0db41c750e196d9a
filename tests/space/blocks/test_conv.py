"""A plain convolution with norm and activation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.space.blocks.counting import count_block


def test_conv_costs_are_those_of_one_convolution() -> None:
    """9 * 16 * 24 weights and four numbers per channel of the norm."""
    found = count_block("conv", (8, 6, 16), 24)

    assert found.params == 9 * 16 * 24 + 4 * 24
    assert found.macs == 8 * 6 * 9 * 16 * 24
    assert found.depth == 1


def test_conv_is_normalised_before_it_is_activated() -> None:
    """The order is convolution, norm, activation; the norm makes a bias superfluous."""
    found = count_block("conv", (8, 8, 4), 8)

    assert found.kinds == ["Conv2D", "BatchNormalization", "Activation"]
    assert found.biases() == [False]
    assert found.attended == 8


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2]))
def test_conv_of_any_map_is_strided_up_to_the_next_pixel(
    height: int, width: int, stride: int
) -> None:
    """`same` padding rounds the side of the output up."""
    found = count_block("conv", (height, width, 3), 5, stride=stride)

    assert found.shape == (-(-height // stride), -(-width // stride), 5)
