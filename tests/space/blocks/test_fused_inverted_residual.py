"""Fused inverted residual, as in EfficientNetV2."""

from __future__ import annotations

import pytest
from tests.space.blocks.counting import count_block


@pytest.mark.parametrize("expansion", [2, 4])
def test_fused_inverted_residual_expands_by_a_full_convolution(expansion: int) -> None:
    """One 3x3 convolution in place of the 1x1 and the depthwise layer."""
    wide = 16 * expansion
    found = count_block("fused_inverted_residual", (8, 8, 16), 24, expansion=expansion)
    weights = 9 * 16 * wide + wide * 24

    assert found.params == weights + 4 * (wide + 24)
    assert found.macs == 64 * weights
    assert found.depth == 2
    assert "DepthwiseConv2D" not in found.kinds


def test_fused_inverted_residual_projects_without_activation() -> None:
    """The only activation is inside, on the wide map, where the attention is, too."""
    found = count_block("fused_inverted_residual", (8, 8, 16), 16, expansion=2)

    assert found.kinds.count("Activation") == 1
    assert found.kinds[-1] == "Add"
    assert found.attended == 32


@pytest.mark.parametrize(("filters", "stride"), [(24, 1), (16, 2)])
def test_fused_inverted_residual_of_another_shape_has_no_shortcut(
    filters: int, stride: int
) -> None:
    """The input is added only where its shape is that of the output."""
    found = count_block("fused_inverted_residual", (8, 8, 16), filters, stride=stride)

    assert "Add" not in found.kinds
    assert found.shape == (8 // stride, 8 // stride, filters)
