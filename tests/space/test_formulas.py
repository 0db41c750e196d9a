"""Each layer costs what can be counted on paper."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.space.formulas import block_output_shape, layer_cost, strided
from kedro_nas.space.layers import Layer
from kedro_nas.space.registry import BlockArguments

MAP = (6, 5, 8)
CONV = {"filters": 4, "kernel_size": 3, "strides": 2}


def cost(kind: str, *shapes: tuple[int, ...], **config: Any):
    """Count one layer."""
    return layer_cost(Layer(kind, "layer1", config), list(shapes))


@pytest.mark.parametrize("bias", [False, True])
def test_convolution_has_a_kernel_per_pair_of_channels(bias: bool) -> None:
    """9 * 8 * 4 weights, used at each of 3 x 3 positions."""
    found = cost("Conv2D", MAP, **CONV, use_bias=bias)

    assert found.shape == (3, 3, 4)
    assert found.params == 9 * 8 * 4 + 4 * bias
    assert found.macs == 9 * 9 * 8 * 4
    assert found.depth == 1


@pytest.mark.parametrize("bias", [False, True])
def test_depthwise_convolution_has_a_kernel_per_channel(bias: bool) -> None:
    """25 * 8 weights, and as many channels as before."""
    found = cost("DepthwiseConv2D", MAP, kernel_size=5, strides=1, use_bias=bias)

    assert found.shape == MAP
    assert found.params == 25 * 8 + 8 * bias
    assert found.macs == 30 * 25 * 8


def test_convolution_of_a_sequence_has_no_bias() -> None:
    """Three neighbours of each of ten positions."""
    found = cost("Conv1D", (10, 2), kernel_size=3, filters=4)

    assert found == ((10, 4), 3 * 2 * 4, 10 * 3 * 2 * 4, 1, 0)


@pytest.mark.parametrize("shape", [(7,), (3, 7)])
def test_dense_layer_works_on_the_last_axis(shape: tuple[int, ...]) -> None:
    """Positions before the last axis share the weights."""
    found = cost("Dense", shape, units=5, use_bias=True)

    assert found.shape == (*shape[:-1], 5)
    assert found.params == 7 * 5 + 5
    assert found.macs == (3 if len(shape) == 2 else 1) * 7 * 5


def test_attention_holds_projections_and_scores() -> None:
    """Queries, keys, values of ten positions, and a 10 x 10 table per head."""
    found = cost("MultiHeadAttention", (10, 8), (10, 8), num_heads=2, key_dim=4)

    assert found.shape == (10, 8)
    assert found.params == 3 * (8 * 8 + 8) + 8 * 8 + 8
    assert found.macs == 4 * 10 * 8 * 8 + 2 * 10 * 10 * 8
    assert found.depth == 2
    assert found.scratch == 3 * 10 * 8 + 2 * 10 * 10


@pytest.mark.parametrize(
    ("kind", "params"), [("BatchNormalization", 32), ("LayerNormalization", 16)]
)
def test_norms_count_all_that_is_stored_per_channel(kind: str, params: int) -> None:
    """Batch norms also store mean and variance; neither counts as depth."""
    assert cost(kind, MAP) == (MAP, params, 0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "config", "shape"),
    [
        ("Activation", {"activation": "relu"}, MAP),
        ("Dropout", {"rate": 0.5}, MAP),
        ("Add", {}, MAP),
        ("Multiply", {}, MAP),
        ("Concatenate", {}, (6, 5, 16)),
        ("MaxPooling2D", {"pool_size": 2}, (3, 3, 8)),
        ("AveragePooling2D", {"pool_size": 4}, (2, 2, 8)),
        ("GlobalAveragePooling2D", {"keepdims": False}, (8,)),
        ("GlobalMaxPooling2D", {"keepdims": True}, (1, 1, 8)),
        ("Reshape", {"target_shape": (30, 8)}, (30, 8)),
        ("Flatten", {}, (240,)),
    ],
)
def test_layers_without_weights_only_change_the_shape(
    kind: str, config: dict[str, Any], shape: tuple[int, ...]
) -> None:
    """They have no parameters, no MACs and no depth."""
    assert cost(kind, MAP, MAP, **config) == (shape, 0, 0, 0, 0)


@pytest.mark.parametrize("kind", ["GlobalAveragePooling1D", "GlobalMaxPooling1D"])
def test_pooling_over_channels_leaves_one_per_position(kind: str) -> None:
    """CBAM's descriptors of positions."""
    assert cost(kind, (30, 8)).shape == (30, 1)


@given(st.integers(1, 10_000), st.integers(1, 4))
def test_strided_side_rounds_up(size: int, stride: int) -> None:
    """`same` padding leaves no pixel out, and never an empty map."""
    found = strided(size, stride)

    assert found >= 1
    assert (found - 1) * stride < size <= found * stride


def test_block_output_shape_is_strided_with_the_filters() -> None:
    """All blocks give maps of one shape for the same arguments."""
    assert block_output_shape((7, 4, 3), BlockArguments(16, 3, 2)) == (4, 2, 16)
