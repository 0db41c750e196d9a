"""Bounds follow the data by a stated rule, and say what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.bounds import Bounds, auto_depth, auto_macs, auto_params
from kedro_nas.space.costs import Costs


def test_auto_bounds_pass_through_the_stated_points():
    """50,000 images: 25 layers, 5 M; 1.2 M images: 50 layers, 25 M."""
    assert (auto_depth(50_000), auto_params(50_000)) == (25, 5_000_000)
    assert (auto_depth(1_200_000), auto_params(1_200_000)) == (50, 25_000_000)


@given(st.integers(1, 10**8), st.integers(1, 10**8))
def test_auto_bounds_grow_with_the_data(few, many):
    """More data never allow less."""
    few, many = sorted((few, many))

    assert auto_depth(few) <= auto_depth(many)
    assert auto_params(few) <= auto_params(many)
    assert auto_params(many, 0.5) <= auto_params(many)


def test_auto_macs_grow_with_the_side():
    """Twice the side, twice the MACs, for the same time per pixel row."""
    assert auto_macs((56, 56, 1)) == 2 * auto_macs((28, 28, 3)) == 20_000_000


def test_explain_names_each_exceeded_bound():
    """The reason says bound and cost."""
    bounds = Bounds(max_params=1_000, max_macs=10, max_depth=9)

    assert (
        bounds.explain(Costs(params=2_500, macs=11, depth=9, memory_mb=1))
        == "max_params 1,000 is exceeded by 2,500, max_macs 10 is exceeded by 11"
    )
    assert bounds.excesses(Costs(params=2_500, macs=10, depth=9, memory_mb=1)) == {
        "max_params": 2.5
    }


@pytest.mark.parametrize(
    ("written", "meant"), [("250k", 250_000), ("10M", 10_000_000), ("1.5g", 1.5e9)]
)
def test_options_amounts_read_units(written, meant):
    """`250k` is a number of parameters."""
    assert SearchSpaceOptions(max_params=written).max_params == meant


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"max_parameters": 1}, "did you mean 'max_params'"),
        ({"kernel_size": [9]}, "kernel_size"),
        ({"blocks": []}, "allows nothing"),
        ({"max_params": "lots"}, "max_params"),
        ({"max_latency_ms": 30}, "max_latency_ms"),
        ({"learning_rate": {"low": 1, "high": 0.1}}, "low has to be below high"),
        ({"dropout": [1.5]}, "dropout"),
        ({"custom_blocks": {"mine": "no colon"}}, "custom_blocks"),
    ],
)
def test_options_misuse_is_refused_with_a_hint(wrong, hint):
    """A wrong option is one message at the door."""
    with pytest.raises(ParameterError) as caught:
        SearchSpaceOptions.parse(wrong, where="nas.search_space")

    assert hint in str(caught.value)
