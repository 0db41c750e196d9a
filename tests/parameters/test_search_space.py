"""`kedro_nas.parameters.search_space`: bounds as people write them, real choices."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.search_space import (
    CustomBlock,
    Range,
    SearchSpaceOptions,
    read_amount,
)


@pytest.mark.parametrize(
    ("written", "number"),
    [("250k", 250_000), ("10M", 10_000_000), ("1.5 g", 1_500_000_000), ("7", 7)],
)
def test_amounts_are_written_with_a_unit(written: str, number: int) -> None:
    """`250k` reads better than a row of zeros."""
    assert SearchSpaceOptions(max_params=written).max_params == number


@pytest.mark.parametrize("value", ["auto", None, 5, [3], "10 apples"])
def test_read_amount_leaves_what_is_no_amount(value: Any) -> None:
    """What it cannot read is validated as it was given."""
    assert read_amount(value) == value


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_params": "many"}, "max_params"),
        ({"max_macs": 0}, "max_macs"),
        ({"blocks": []}, "blocks allows nothing"),
        ({"stride": [3]}, "stride"),
        ({"dropout": [1.0]}, "dropout"),
        ({"learning_rate": {"low": 0.1, "high": 0.1}}, "low has to be below high"),
        ({"max_latency_ms": 0}, "max_latency_ms"),
        ({"custom_blocks": {"mine": "no function"}}, "custom_blocks.mine"),
        ({"pretrained": {"share": 0}}, "pretrained.share"),
        ({"pretrained": {"backbone": []}}, "did you mean 'backbones'"),
    ],
)
def test_search_space_options_that_cannot_be_are_named(
    wrong: dict[str, Any], said: str
) -> None:
    """A bound or choice that allows nothing is named before anything is drawn."""
    with pytest.raises(ParameterError) as raised:
        SearchSpaceOptions.parse(wrong, where="nas.search_space")

    assert said in str(raised.value)


def test_a_custom_block_may_be_its_function_alone() -> None:
    """A block without choices of its own needs one line."""
    options = SearchSpaceOptions.model_validate(
        {"custom_blocks": {"mine": "my_team.blocks:mine"}}
    )

    assert options.custom_blocks == {
        "mine": CustomBlock(function="my_team.blocks:mine")
    }


def test_learning_rate_may_be_a_range() -> None:
    """A list is a choice of values, `low` and `high` a logarithmic scale."""
    given = {"learning_rate": {"low": 0.001, "high": 0.01}}
    options = SearchSpaceOptions.model_validate(given)

    assert options.learning_rate == Range(low=0.001, high=0.01)
