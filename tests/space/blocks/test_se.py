"""Squeeze-and-excitation."""

from __future__ import annotations

import pytest
from tests.space.blocks.counting import count_attention


@pytest.mark.parametrize(("channels", "units"), [(16, 8), (32, 8), (64, 16)])
def test_se_has_a_quarter_of_the_channels_but_at_least_eight(
    channels: int, units: int
) -> None:
    """Two dense layers with biases over the channel means."""
    found = count_attention("se", (8, 8, channels))

    assert found.params == channels * units + units + units * channels + channels
    assert found.macs == 2 * channels * units
    assert found.biases() == [True, True]


def test_se_gates_each_channel_by_a_sigmoid() -> None:
    """The map keeps its shape, and its path gets no longer."""
    found = count_attention("se", (5, 7, 32))

    assert found.kinds[0] == "GlobalAveragePooling2D"
    assert found.layers[-2].config == {"activation": "sigmoid"}
    assert found.kinds[-1] == "Multiply"
    assert (found.shape, found.depth) == ((5, 7, 32), 0)
