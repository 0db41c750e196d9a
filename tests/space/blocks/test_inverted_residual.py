"""Inverted residual, as in MobileNetV2."""

from __future__ import annotations

import pytest
from tests.space.blocks.counting import count_block


@pytest.mark.parametrize("expansion", [2, 4, 6])
def test_inverted_residual_costs_follow_the_expansion(expansion: int) -> None:
    """1x1 into `expansion` times the channels, depthwise, 1x1 out."""
    wide = 16 * expansion
    found = count_block("inverted_residual", (8, 8, 16), 16, expansion=expansion)
    weights = 16 * wide + 9 * wide + wide * 16

    assert found.params == weights + 4 * (wide + wide + 16)
    assert found.macs == 64 * weights
    assert found.depth == 3


def test_inverted_residual_projects_without_activation() -> None:
    """A linear bottleneck: norm and sum are last, as ReLU would lose information."""
    found = count_block("inverted_residual", (8, 8, 16), 16)

    assert found.kinds[-3:] == ["Conv2D", "BatchNormalization", "Add"]
    assert found.kinds.count("Activation") == 2
    assert not any(found.biases())


@pytest.mark.parametrize(("filters", "stride"), [(24, 1), (16, 2)])
def test_inverted_residual_of_another_shape_has_no_shortcut(
    filters: int, stride: int
) -> None:
    """The input is added only where its shape is that of the output."""
    found = count_block("inverted_residual", (8, 8, 16), filters, stride=stride)

    assert "Add" not in found.kinds
    assert found.shape == (8 // stride, 8 // stride, filters)


def test_inverted_residual_attends_inside_the_expanded_part() -> None:
    """As in EfficientNet, the attention sees the wide map."""
    assert count_block("inverted_residual", (8, 8, 16), 24, expansion=4).attended == 64
