"""Estimates are close to the exact counts where maps are not rounded."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.space.choices import Values
from kedro_nas.space.cost_estimates import estimate_costs
from kedro_nas.space.costs import costs
from kedro_nas.space.registry import forget_block, register_block
from kedro_nas.space.sampling import draw_values
from kedro_nas.space.search_space import SearchSpace


def plain_values(space: SearchSpace, seed: int) -> Values:
    """Return drawn values without attentions."""
    values = draw_values(space.choices, np.random.default_rng(seed))
    return values | {name: "none" for name in values if name.endswith("_attention")}


@pytest.mark.parametrize("seed", range(20))
def test_estimate_costs_equals_the_counts_of_even_maps(make_space, seed: int) -> None:
    """Without attention, and where each stride divides its map, estimates are exact."""
    space = make_space((64, 64, 3), max_params="none", max_macs="none")
    values = plain_values(space, seed)
    pre_activation = {
        name: False for name in values if name.endswith("_pre_activation")
    }
    values = {**values, **pre_activation}
    exact = costs(space.decode(values))
    estimated = estimate_costs(values, (64, 64, 3), 10)

    assert estimated.macs == pytest.approx(exact.macs, rel=0.001)
    assert estimated.params == pytest.approx(exact.params, rel=0.01)
    assert estimated.depth == exact.depth


@pytest.mark.parametrize("seed", range(20))
def test_estimate_costs_are_close_on_odd_maps(make_space, seed: int) -> None:
    """Rounded sides and attentions change multiply-adds by less than a fifth."""
    space = make_space((28, 28, 1), max_params="none", max_macs="none")
    values = draw_values(space.choices, np.random.default_rng(seed))
    exact = costs(space.decode(values))

    assert estimate_costs(values, (28, 28, 1), 10).macs == pytest.approx(
        exact.macs, rel=0.2
    )


def test_estimate_costs_never_build_or_fail_in_a_custom_block(make_space) -> None:
    """A block that fails counts as a plain convolution; the exact count reports it."""

    def failing(layers, x, *, filters, kernel_size, stride, activation, attend):
        raise ValueError("no")

    space = make_space((32, 32, 3), blocks=["conv"])
    values = plain_values(space, 0)
    stages = {name for name in values if name.endswith("_block")}
    register_block("failing", path="tests:failing")(failing)
    try:
        estimated = estimate_costs(
            {**values, **dict.fromkeys(stages, "failing")}, (32, 32, 3), 10
        )
    finally:
        forget_block("failing")

    assert estimated == estimate_costs(values, (32, 32, 3), 10)
