"""Outlines become networks of a space, as wide as is affordable."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from kedro_nas.space.costs import count_macs
from kedro_nas.space.outlines import Outline, widest_network
from kedro_nas.space.proven import STARTS, portfolio, proven_networks
from kedro_nas.space.search_space import SearchSpace

MakeSpace = Callable[..., SearchSpace]
SHAPES = ((8, 8, 1), (28, 28, 1), (32, 32, 3), (96, 96, 3), (224, 160, 3))
RESIDUAL = Outline(
    name="deep", block="residual", depth=2, block_options={"pre_activation": True}
)


@pytest.mark.parametrize("shape", SHAPES)
def test_outline_keeps_its_blocks_for_images_of_any_size(
    make_space: MakeSpace, shape: tuple[int, int, int]
) -> None:
    """Stages follow from the images; block, depth and options are the outline's."""
    network = RESIDUAL.network(make_space(shape, 50_000), 32)

    assert network.stem.width == 32
    assert {(one.block, one.depth) for one in network.stages} == {("residual", 2)}
    assert {one.options for one in network.stages} == {(("pre_activation", True),)}


def test_outline_doubles_its_widths_with_each_halving(make_space: MakeSpace) -> None:
    """Widths are the stem's, times two for each halving of the map."""
    network = RESIDUAL.network(make_space((96, 96, 3), 50_000), 32)
    widths = [one.width for one in network.stages]

    assert widths == [64 * 2**place for place in range(len(widths))]


def test_outline_of_a_block_that_the_space_does_not_have_is_not_allowed(
    make_space: MakeSpace,
) -> None:
    """A space of plain convolutions has no residual outline."""
    space = make_space(blocks=["conv"])

    assert Outline(name="plain").is_allowed(space)
    assert not RESIDUAL.is_allowed(space)


def test_outline_of_an_unknown_field_is_refused() -> None:
    """A misspelt field of the portfolio is an error, not the default."""
    with pytest.raises(ValidationError, match="kernel"):
        Outline.model_validate({"name": "plain", "kernel": 3})


@pytest.mark.parametrize("shape", SHAPES)
def test_widest_network_is_the_largest_within_the_limit(
    make_space: MakeSpace, shape: tuple[int, int, int]
) -> None:
    """No stem width that is tried gives a larger network within the limit."""
    space, tried = make_space(shape, 50_000, max_params="none"), (16, 32, 64, 128)
    limit = count_macs(RESIDUAL.network(space, 64)) + 1
    macs = [count_macs(RESIDUAL.network(space, width)) for width in tried]
    widest = widest_network(RESIDUAL, space, limit, tried)

    assert widest is not None
    assert count_macs(widest) == max(one for one in macs if one <= limit)


def test_widest_network_of_too_small_a_limit_is_none(make_space: MakeSpace) -> None:
    """Where not even the narrowest is affordable there is no network."""
    assert widest_network(RESIDUAL, make_space(), 1.0, (16,)) is None


def test_portfolio_is_of_different_outlines_plain_first() -> None:
    """Each outline has a name and a structure of its own."""
    structures = {one.model_dump_json(exclude={"name"}) for one in portfolio()}

    assert portfolio()[0] == Outline(name="plain")
    assert len({one.name for one in portfolio()}) == len(portfolio()) == len(structures)


@pytest.mark.parametrize("preset", ["cpu", "default", "accuracy"])
def test_portfolio_gives_a_search_several_different_starts(
    make_space: MakeSpace, preset: str
) -> None:
    """With seconds to spare a search begins with networks of several structures."""
    space = make_space((32, 32, 3), 50_000, preset=preset, max_params="none")
    starts = proven_networks(space, 1e12, STARTS)

    assert 4 <= len(starts) <= STARTS
    assert len({one.network_key for one in starts}) == len(starts)
    assert all(space.decode(space.encode(one)) == one for one in starts)
