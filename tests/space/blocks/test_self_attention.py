"""Multi-head self-attention over positions."""

from __future__ import annotations

import pytest
from tests.space.blocks.counting import count_attention

from kedro_nas.space.blocks.self_attention import MAX_POSITIONS
from kedro_nas.space.encoding import fits


@pytest.mark.parametrize(("channels", "heads"), [(8, 1), (32, 2), (64, 4), (256, 4)])
def test_self_attention_costs_follow_heads_and_positions(
    channels: int, heads: int
) -> None:
    """Four projections with biases, and scores between all pairs of positions."""
    found = count_attention("self_attention", (3, 4, channels))
    inner, positions = heads * 16, 12
    projections = 3 * (channels * inner + inner) + inner * channels + channels

    assert found.params == 2 * channels + projections
    assert found.macs == (
        4 * positions * channels * inner + 2 * positions * positions * inner
    )


def test_self_attention_is_added_to_its_map() -> None:
    """It is a residual of the normalised map, two weighted layers deep."""
    found = count_attention("self_attention", (3, 4, 32))

    assert found.kinds[0] == "LayerNormalization"
    assert found.kinds[-1] == "Add"
    assert (found.shape, found.depth) == ((3, 4, 32), 2)


def test_self_attention_is_kept_from_maps_beyond_14_by_14() -> None:
    """Its cost is quadratic in the positions."""
    assert MAX_POSITIONS == 14 * 14
    assert fits("self_attention", 14 * 14)
    assert not fits("self_attention", 14 * 14 + 1)
