"""Proven networks are as wide as a budget affords, and fit the space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kedro_nas.space.costs import costs, count_macs
from kedro_nas.space.proven import STEM_WIDTHS, proven_networks
from kedro_nas.space.search_space import SearchSpace

MakeSpace = Callable[..., SearchSpace]
PLENTY = 1e12


def _blocks(space: SearchSpace, max_macs: float) -> list[set[str]]:
    found = proven_networks(space, max_macs)
    return [{stage.block for stage in one.stages} for one in found]


def test_proven_networks_are_plain_then_residual(make_space: MakeSpace) -> None:
    """The first has to be beaten; neither has more multiply-adds than allowed."""
    space = make_space((32, 32, 3), 8_000)
    limit = 4 * count_macs(space.anchors[0])

    assert _blocks(space, limit) == [{"conv"}, {"residual"}]
    assert all(count_macs(one) <= limit for one in proven_networks(space, limit))


def test_proven_networks_widen_with_what_is_affordable(make_space: MakeSpace) -> None:
    """At its own multiply-adds a network is found, and a wider one with more."""
    space = make_space((32, 32, 3), 50_000, max_params="none")
    first = count_macs(space.anchors[0])
    plain = [proven_networks(space, n * first)[0] for n in (1, 2, 4, 8, 1e6)]
    widths = [one.stem.width for one in plain]

    assert plain[0] == space.anchors[0]
    assert widths == sorted(widths)
    assert len(set(widths)) > 2
    for one in plain[1:]:
        assert proven_networks(space, count_macs(one))[0] == one
        assert count_macs(proven_networks(space, count_macs(one) - 1)[0]) < count_macs(
            one
        )


def test_proven_networks_without_room_are_candidate_0(make_space: MakeSpace) -> None:
    """Where nothing wider is affordable, the narrowest is what there is."""
    space = make_space((32, 32, 3), 8_000)

    assert proven_networks(space, 1.0) == (space.anchors[0],)


@pytest.mark.parametrize(
    "bound", [{"max_params": 300_000}, {"max_macs": 12_000_000}, {"max_depth": 6}]
)
def test_proven_networks_keep_the_bounds_that_were_given(
    make_space: MakeSpace, bound: dict[str, int]
) -> None:
    """However much a budget affords, what the user forbids is not trained."""
    space = make_space((32, 32, 3), 8_000, **bound)
    networks = proven_networks(space, PLENTY)

    assert networks
    assert all(
        space.bounds.measured(None).explain(costs(one)) == "" for one in networks
    )


def test_proven_networks_replace_the_guess_of_multiply_adds(
    make_space: MakeSpace,
) -> None:
    """What was guessed from the image size does not hold back what was measured."""
    space = make_space((32, 32, 3), 50_000, max_params="none")

    assert space.bounds.macs_are_auto
    assert count_macs(proven_networks(space, PLENTY)[0]) > (space.bounds.max_macs or 0)


def test_proven_networks_use_what_the_space_allows(make_space: MakeSpace) -> None:
    """A space without residual blocks, and with one width, has no such network."""
    space = make_space((32, 32, 3), 8_000, blocks=["conv"], width=[40], stem_width=[24])
    networks = proven_networks(space, PLENTY)

    assert {stage.width for one in networks for stage in one.stages} == {40}
    assert {stage.block for one in networks for stage in one.stages} == {"conv"}
    assert {one.stem.width for one in networks} == {24}


@settings(max_examples=20)
@given(
    height=st.integers(8, 224),
    width=st.integers(8, 224),
    channels=st.sampled_from([1, 3]),
    n_train=st.sampled_from([100, 2_000, 8_000, 100_000]),
    preset=st.sampled_from(["default", "cpu", "accuracy", "mobile", "tiny"]),
    times=st.floats(0.5, 200),
)
@example(8, 8, 1, 8_000, "default", 3.0)
@example(8, 8, 1, 100, "mobile", 1.0)  # few images, deep blocks
@example(224, 224, 3, 100_000, "default", 100.0)
def test_proven_networks_of_any_images_belong_to_their_space(
    make_space: MakeSpace,
    height: int,
    width: int,
    channels: int,
    n_train: int,
    preset: str,
    times: float,
) -> None:
    """Each is what its values say, fits and is affordable, or is candidate 0."""
    shape = height, width, channels
    options: dict[str, Any] = {"preset": preset}
    space = make_space(shape, n_train, **options)
    limit = times * count_macs(space.anchors[0])
    networks = proven_networks(space, limit)
    allowed = space.bounds.measured(None)
    free = space.model_copy(update={"bounds": allowed})

    assert 1 <= len(networks) <= 2
    assert len({one.key for one in networks}) == len(networks)
    for one in networks:
        assert space.decode(space.encode(one)) == one
        assert one == space.anchors[0] or free.is_feasible(one) == (True, "")
        assert one == space.anchors[0] or count_macs(one) <= limit
        assert one.stem.width <= max(*STEM_WIDTHS, space.anchors[0].stem.width)
