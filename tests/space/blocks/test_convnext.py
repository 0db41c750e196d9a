"""The ConvNeXt block."""

from __future__ import annotations

import pytest
from tests.space.blocks.counting import count_block


@pytest.mark.parametrize("expansion", [4, 2])
def test_convnext_costs_of_equal_shapes(expansion: int) -> None:
    """A 7x7 depthwise kernel, one norm and two 1x1 layers, all with biases."""
    found = count_block("convnext", (8, 8, 16), 16, kernel_size=7, expansion=expansion)
    wide = 16 * expansion
    weights = 49 * 16 + 16 * wide + wide * 16

    assert found.params == weights + (16 + wide + 16) + 2 * 16
    assert found.macs == 64 * weights
    assert found.depth == 3
    assert all(found.biases())


def test_convnext_has_one_norm_and_one_activation() -> None:
    """Few of both is what sets the block apart."""
    found = count_block("convnext", (8, 8, 16), 16)

    assert found.kinds.count("LayerNormalization") == 1
    assert found.kinds.count("Activation") == 1
    assert "BatchNormalization" not in found.kinds


def test_convnext_downsamples_by_a_layer_of_its_own() -> None:
    """A norm and a strided convolution without overlap come before the block."""
    found = count_block("convnext", (8, 8, 16), 24, stride=2)
    first = found.layers[1].config

    assert found.kinds[:3] == ["LayerNormalization", "Conv2D", "DepthwiseConv2D"]
    assert (first["kernel_size"], first["strides"]) == (2, 2)
    assert found.shape == (4, 4, 24)
    assert found.attended == 24
