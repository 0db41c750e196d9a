"""Efficient channel attention."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.space.blocks.counting import count_attention


@pytest.mark.parametrize(
    ("channels", "kernel"), [(8, 3), (64, 3), (128, 5), (256, 5), (512, 5)]
)
def test_eca_kernel_follows_equation_12(channels: int, kernel: int) -> None:
    """Its width grows with the logarithm of the channels: gamma 2, b 1."""
    found = count_attention("eca", (8, 8, channels))

    assert found.params == kernel
    assert found.macs == channels * kernel


@given(st.integers(1, 4096))
def test_eca_kernel_of_any_width_is_odd_and_has_no_bias(channels: int) -> None:
    """An odd kernel is centred on its channel; so few weights need no reduction."""
    found = count_attention("eca", (2, 3, channels))

    assert found.params % 2 == 1
    assert 3 <= found.params <= 9
    assert found.biases() == [False]
    assert found.shape == (2, 3, channels)


def test_eca_gates_do_not_lengthen_the_path() -> None:
    """The map is multiplied, so the network's depth stays."""
    found = count_attention("eca", (8, 8, 16))

    assert found.kinds[-1] == "Multiply"
    assert found.depth == 0
