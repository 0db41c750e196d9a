"""Two convolutions and a shortcut."""

from __future__ import annotations

import pytest
from tests.space.blocks.counting import count_block, count_closing


@pytest.mark.parametrize("pre_activation", [False, True])
def test_residual_of_equal_shapes_has_a_shortcut_without_weights(
    pre_activation: bool,
) -> None:
    """Two 3x3 convolutions and two norms, whichever comes first."""
    found = count_block("residual", (8, 8, 16), 16, pre_activation=pre_activation)

    assert found.params == 2 * (9 * 16 * 16 + 4 * 16)
    assert found.macs == 64 * 2 * 9 * 16 * 16
    assert found.depth == 2


def test_residual_of_another_shape_projects_the_shortcut() -> None:
    """A 1x1 convolution with a norm brings the input to the new shape."""
    found = count_block("residual", (8, 8, 16), 24, stride=2)
    path = 9 * 16 * 24 + 4 * 24 + 9 * 24 * 24 + 4 * 24

    assert found.params == path + 16 * 24 + 4 * 24
    assert found.shape == (4, 4, 24)
    assert found.depth == 2


def test_residual_activates_after_the_sum() -> None:
    """In the original order the sum is activated and closed by nothing."""
    found = count_block("residual", (8, 8, 16), 16, pre_activation=False)

    assert found.kinds[-2:] == ["Add", "Activation"]
    assert count_closing("residual", (8, 8, 16), pre_activation=False).kinds == []


def test_residual_with_pre_activation_leaves_the_sum_to_its_closing() -> None:
    """The norm comes first and the sum stays raw until the end of the stage."""
    found = count_block("residual", (8, 8, 16), 16, pre_activation=True)
    closing = count_closing("residual", (8, 8, 16), pre_activation=True)

    assert found.kinds[0] == "BatchNormalization"
    assert found.kinds[-1] == "Add"
    assert closing.kinds == ["BatchNormalization", "Activation"]
    assert closing.params == 4 * 16


def test_residual_attends_before_the_sum() -> None:
    """The attention sees the block's own path, not the shortcut."""
    assert count_block("residual", (8, 8, 16), 24).attended == 24
