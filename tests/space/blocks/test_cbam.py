"""Convolutional block attention: channels, then positions."""

from __future__ import annotations

import pytest
from tests.space.blocks.counting import count_attention


@pytest.mark.parametrize(("channels", "units"), [(16, 8), (128, 16)])
def test_cbam_costs_are_two_channel_scores_and_a_7x7_kernel(
    channels: int, units: int
) -> None:
    """Each descriptor has dense layers of its own; positions share 7x7x2 weights."""
    found = count_attention("cbam", (6, 4, channels))
    score = channels * units + units + units * channels + channels

    assert found.params == 2 * score + 7 * 7 * 2 + 1
    assert found.macs == 2 * 2 * channels * units + 24 * 98
    assert all(found.biases())


def test_cbam_gates_channels_before_positions() -> None:
    """Mean and maximum over positions first, then over channels."""
    found = count_attention("cbam", (6, 4, 16))
    pools = [kind for kind in found.kinds if "Pooling" in kind]

    assert pools == [
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "GlobalAveragePooling1D",
        "GlobalMaxPooling1D",
    ]
    assert found.kinds.count("Multiply") == 2
    assert found.shape == (6, 4, 16)
