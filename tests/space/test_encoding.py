"""Codes and networks correspond one to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedro_nas.space.encoding import fits
from kedro_nas.space.sampling import draw_values

seeds = st.integers(0, 2**31 - 1)
quiet = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def wide(make_space):
    """Return a space with every block and attention, where codes repeat often."""
    return make_space(
        (9, 5, 3),
        preset="accuracy",
        width=[16, 32],
        depth=[1, 2, 3],
        n_stages=[1, 2, 3, 4],
        optimizer=["adamw", "sgd"],
    )


@quiet
@given(seed=seeds)
def test_decode_of_encode_any_draw_is_the_architecture(wide, seed):
    """Encoding loses nothing, feasible or not."""
    drawn = wide.decode(draw_values(wide.choices, np.random.default_rng(seed)))

    assert wide.decode(wide.encode(drawn)) == drawn


@quiet
@given(seed=seeds)
def test_encode_any_draw_stays_among_the_choices(wide, seed):
    """Every encoded value is one that KerasTuner has registered."""
    drawn = wide.decode(draw_values(wide.choices, np.random.default_rng(seed)))
    for name, value in wide.encode(drawn).items():
        allowed = wide.choices[name]
        inside = (
            value in allowed
            if isinstance(allowed, tuple)
            else allowed.low <= value <= allowed.high
        )

        assert inside, name


@quiet
@given(seed=seeds)
def test_inactive_values_changed_leave_code_and_key(wide, seed):
    """Values that have no effect cannot make one network look like two."""
    rng = np.random.default_rng(seed)
    values = draw_values(wide.choices, rng)
    drawn = wide.decode(values)
    other = draw_values(wide.choices, rng)
    for number in range(int(values["n_stages"]) + 1, 5):
        prefix = f"stage{number}_"
        values |= {k: v for k, v in other.items() if k.startswith(prefix)}

    assert wide.decode(values).key == drawn.key
    assert wide.encode(wide.decode(values)) == wide.encode(drawn)


def test_one_stage_cut_in_two_is_one_network(make_space):
    """Two stages that continue each other are written as one, or cut alike."""
    space = make_space(
        preset="cpu", blocks=["conv"], n_stages=[1, 2], depth=[1, 2, 3], stride=[1, 2]
    )
    common = {
        f"stage{n}_{word}": value
        for n in (1, 2)
        for word, value in (("width", 32), ("kernel_size", 3), ("stride", 1))
    }
    whole = space.decode(common | {"n_stages": 1, "stage1_depth": 3})
    cut = space.decode(common | {"n_stages": 2, "stage1_depth": 1, "stage2_depth": 2})
    longer = [
        space.decode(common | {"n_stages": 2, "stage1_depth": a, "stage2_depth": b})
        for a, b in ((2, 3), (3, 2))
    ]

    assert whole.key == cut.key
    assert longer[0].key == longer[1].key


def test_stride_on_a_single_pixel_is_no_choice(make_space):
    """A map of one pixel cannot shrink, so both strides are one network."""
    space = make_space((1, 1, 3), preset="cpu")
    keys = {space.decode({"stage1_stride": stride}).key for stride in (1, 2)}

    assert len(keys) == 1


def test_sgd_takes_twenty_times_the_rate(make_space):
    """One range of rates serves both optimizers."""
    space = make_space(preset="accuracy", learning_rate=[0.002])

    assert space.decode({"optimizer": "adamw"}).recipe.learning_rate == 0.002
    assert space.decode({"optimizer": "sgd"}).recipe.learning_rate == 0.04


def test_decode_of_no_values_is_the_first_of_each_choice(make_space):
    """What is left out is the default, so a partial code is a network."""
    space = make_space(n_stages=[2], blocks=["conv", "residual"])
    network = space.decode({})

    assert network.family == "conv-conv"
    assert network.stem.width == space.choices["stem_width"][0]
    assert space.decode({"stage2_block": "residual"}).family == "conv-residual"


def test_attention_on_a_map_too_large_for_it_becomes_none(make_space):
    """Two codes of one network are one, where `none` is allowed."""
    space = make_space((64, 64, 3), attention=["none", "self_attention"])
    values = {"stage1_attention": "self_attention", "stage1_stride": 1}

    assert space.decode(values).stages[0].attention == "none"
    assert space.decode(values).key == space.decode(values | NONE).key


NONE = {"stage1_attention": "none"}


@pytest.mark.parametrize(
    ("attention", "positions", "expected"),
    [
        ("none", 10**9, True),
        ("se", 10**9, True),
        ("self_attention", 196, True),
        ("self_attention", 197, False),
    ],
)
def test_fits_follows_the_limit_of_the_attention(attention, positions, expected):
    """Only self-attention is limited, by its quadratic cost."""
    assert fits(attention, positions) is expected
