"""Bounds follow the data by a stated rule, and say what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.device import device_profile

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.space.bounds import (
    Bounds,
    auto_depth,
    auto_macs,
    auto_params,
    misplaced,
    resolve_bounds,
)
from kedro_nas.space.choices import resolve_options
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
        ({"max_latency_ms": 0}, "max_latency_ms"),
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


def resolved(**options) -> Bounds:
    """Resolve the bounds of options for 8,000 images of 28x28."""
    chosen = resolve_options(SearchSpaceOptions.model_validate(options))
    return resolve_bounds(chosen, image_shape=(28, 28, 1), n_train=8_000)


def test_resolve_bounds_auto_follow_the_data_and_say_so():
    """Each bound has a sentence with its value and its rule."""
    bounds = resolved(max_params="auto", max_depth="auto", max_macs="auto")

    assert bounds.max_params == auto_params(8_000)
    assert bounds.max_depth == auto_depth(8_000)
    assert bounds.max_macs == 10_000_000
    assert "for 8,000 images" in str(bounds)
    assert "10 M at 28x28" in str(bounds)


def test_resolve_bounds_of_small_data_are_lower():
    """The verdict's factor is named in the reason."""
    options = resolve_options(SearchSpaceOptions(max_params="auto"))
    bounds = resolve_bounds(
        options, image_shape=(28, 28, 1), n_train=50_000, params_factor=0.5
    )

    assert bounds.max_params == 2_500_000
    assert "times 0.5 for small data" in str(bounds)


def test_resolve_bounds_given_or_none_are_as_written():
    """A number is kept, and `none` is no bound."""
    bounds = resolved(max_params=1_234, max_depth="none")

    assert (bounds.max_params, bounds.max_depth) == (1_234, None)
    assert "max_params 1,234: given by the parameters or the preset" in str(bounds)
    assert "max_depth" not in str(bounds)


def test_measured_macs_replace_those_guessed_from_the_image_size():
    """What the machine trains in its time is known better; the other bounds stay."""
    guessed = resolved(max_params=1_234)
    found = guessed.measured(3.7e6)

    assert guessed.macs_are_auto
    assert (found.max_macs, found.max_params) == (3_700_000, 1_234)
    assert "max_macs 3,700,000: what this machine trains in its time." in str(found)
    assert "10 M at 28x28" not in str(found)
    assert found.measured(2e6).reasons == guessed.measured(2e6).reasons


def test_measured_none_leaves_macs_without_a_bound():
    """Nor does a sentence speak of one."""
    found = resolved().measured(None)

    assert found.max_macs is None
    assert "max_macs" not in str(found)
    assert found.max_depth == resolved().max_depth


@pytest.mark.parametrize("max_macs", [1_000_000, "none"])
@pytest.mark.parametrize("measured", [None, 5e6])
def test_measured_macs_leave_what_the_user_said(max_macs, measured):
    """A bound that was given, none included, is not replaced."""
    given = resolved(max_macs=max_macs)

    assert given.measured(measured) == given


def test_bounds_without_a_limit_accept_anything():
    """No bound is exceeded where there is none."""
    costs = Costs(params=10**12, macs=10**15, depth=10**4, memory_mb=10**6)

    assert Bounds().excesses(costs) == {}
    assert not Bounds().are_exceeded(costs)
    assert Bounds().explain(costs) == ""
    assert str(Bounds()) == "anything"


@pytest.mark.parametrize(
    ("attention", "stem_stride"), [("se", 1), ("self_attention", 4)]
)
def test_misplaced_attention_that_fits_is_none(attention, stem_stride):
    """A gate may stand anywhere; self-attention on 14 x 14 positions at most."""
    assert misplaced(net(attention, stem_stride)) == ""


def test_misplaced_attention_on_a_large_map_is_named():
    """The reason says which stage, and how large its map is."""
    assert misplaced(net("self_attention", 1)) == (
        "self_attention of stage 1 is meant for smaller maps than 56x56"
    )


def net(attention: str, stem_stride: int) -> Architecture:
    """Return a network of one stage for images of 56x56."""
    return Architecture(
        input_shape=(56, 56, 1),
        n_classes=2,
        stem=Stem(width=8, kernel_size=3, stride=stem_stride),
        stages=(
            Stage(
                block="conv",
                depth=1,
                width=8,
                kernel_size=3,
                stride=1,
                attention=attention,
            ),
        ),
    )


def test_latency_is_bounded_by_the_profile_of_a_device() -> None:
    """The reason names the device, the error and the margin."""
    options = SearchSpaceOptions(preset="tiny", max_latency_ms=2.5)
    bounds = resolve_bounds(
        resolve_options(options),
        image_shape=(28, 28, 1),
        n_train=8_000,
        device=device_profile(),
    )
    slow = Costs(params=1, macs=1, depth=1, memory_mb=0.1, latency_ms=5.0)

    assert bounds.excesses(slow) == {"max_latency_ms": 2.0}
    assert bounds.are_exceeded(slow)
    assert bounds.explain(slow) == "max_latency_ms 2.5 is exceeded by 5.0"
    assert "Made-up Board 4" in str(bounds)
    assert "margin of" in str(bounds)


def test_latency_without_a_profile_is_not_bounded() -> None:
    """No number is invented for a device that nobody timed."""
    options = resolve_options(SearchSpaceOptions(preset="tiny", max_latency_ms=2.5))
    bounds = resolve_bounds(options, image_shape=(28, 28, 1), n_train=8_000)

    assert bounds.max_latency_ms is None
