"""Formulas count what Keras builds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.build import build_model
from kedro_nas.models.measure import count_graph_macs
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.space.costs import (
    Counter,
    costs,
    count_depth,
    count_depthwise_macs,
    count_macs,
    count_params,
    peak_memory,
    stage_shapes,
)


def net(*stages: Stage, shape=(28, 28, 1), stem_stride=2) -> Architecture:
    return Architecture(
        input_shape=shape,
        n_classes=10,
        stem=Stem(width=8, kernel_size=3, stride=stem_stride),
        stages=stages,
    )


def conv(**changes) -> Stage:
    given = {"block": "conv", "depth": 1, "width": 16, "kernel_size": 3, "stride": 1}
    return Stage.model_validate(given | changes)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(8, 8, 1), (30, 17, 3)])
def test_costs_of_random_networks_equal_keras(make_space, shape):
    """Parameters and MACs of random draws are those of the model, exactly."""
    space = make_space(shape, preset="accuracy", max_params="400k", n_classes=7)
    rng = np.random.default_rng(7)
    for _ in range(5):
        architecture = space.sample(rng)
        model = build_model(architecture)

        assert count_params(architecture) == model.count_params()
        assert count_macs(architecture) == count_graph_macs(model)


def test_costs_of_a_net_counted_by_hand():
    """A net small enough to count on paper."""
    small = net(conv(), shape=(4, 4, 1), stem_stride=1)

    # stem 9*8 + 4*8, stage 9*8*16 + 4*16, logits 16*10 + 10
    assert count_params(small) == (72 + 32) + (1152 + 64) + 170
    assert count_macs(small) == 16 * 72 + 16 * 1152 + 160
    assert count_depth(small) == 3
    # the stage's convolution holds its input, 4*4*8, and its output, 4*4*16
    assert peak_memory(small) == (128 + 256) * 4 / 1e6


def test_depth_of_gates_and_shortcuts_is_the_main_path():
    """Neither a gate nor a projection makes a residual block deeper than its path."""
    options = (("pre_activation", False),)
    block = {"block": "residual", "width": 16, "stride": 2, "options": options}

    assert count_depth(net(conv(**block))) == 4
    assert count_depth(net(conv(**block, attention="se"))) == 4


def test_peak_memory_of_a_shortcut_counts_what_it_keeps():
    """The carried input is alive while the block works."""
    options = (("pre_activation", False),)
    carried = conv(block="residual", width=8, options=options)
    plain = conv(width=8, depth=2)

    assert peak_memory(net(carried)) == peak_memory(net(plain)) * 3 / 2


def test_stage_shapes_of_tiny_images_stay_at_one():
    """Strides end at a map of one pixel, never below."""
    deep = net(*[conv(stride=2) for _ in range(4)], shape=(8, 8, 1))

    assert [shape[:2] for shape in stage_shapes(deep)][-2:] == [(1, 1), (1, 1)]


def test_costs_of_an_unknown_block_hint_at_the_closest():
    """A misspelt block is named along with what was meant."""
    with pytest.raises(SearchSpaceError, match="Did you mean 'residual'"):
        costs(net(conv(block="residul")))


def test_counter_peak_of_a_branch_frees_what_is_no_longer_used():
    """A value dies with its last use."""
    layers = Counter((4, 4, 2))
    x = layers.input
    y = layers.conv(x, 4)
    y = layers.conv(y, 1)
    layers.add(layers.conv(x, 1), y)

    # input 32 and y 64, then input, y and its successor 16
    assert layers.peak_values() == 32 + 64 + 16


@given(more=st.integers(1, 6), width=st.sampled_from([8, 16, 24]))
def test_costs_of_a_deeper_stage_grow_by_one_block_each(more, width):
    """Each repetition is the same block again, and works in the same memory."""
    one, two, deep = (net(conv(depth=n, width=width)) for n in (1, 2, 2 + more))
    params, macs = (count(two) - count(one) for count in (count_params, count_macs))

    assert count_params(deep) == count_params(two) + more * params
    assert count_macs(deep) == count_macs(two) + more * macs
    assert count_depth(deep) == count_depth(two) + more
    assert peak_memory(deep) == peak_memory(two)


@given(width=st.integers(1, 64), side=st.integers(4, 40))
def test_costs_of_a_wider_stage_are_larger(width, side):
    """A bound that a network exceeds is exceeded by every wider one."""
    shape = (side, side, 1)
    narrow, wide = (net(conv(width=w), shape=shape) for w in (width, width + 1))

    assert count_params(narrow) < count_params(wide)
    assert count_macs(narrow) < count_macs(wide)
    assert peak_memory(narrow) <= peak_memory(wide)
    assert count_depth(narrow) == count_depth(wide)


@pytest.mark.parametrize(
    ("side", "expected"), [(28, 14), (27, 14), (3, 2), (2, 1), (1, 1)]
)
def test_stage_shapes_of_an_odd_side_are_rounded_up(side, expected):
    """As `same` padding does; one pixel is never lost to none."""
    shapes = stage_shapes(net(conv(), shape=(side, side, 1)))

    assert shapes[0][:2] == (expected, expected)


def test_costs_do_not_depend_on_the_recipe():
    """One network trained in two ways is counted once."""
    small = net(conv())
    other = small.with_recipe(batch_size=8)

    assert other.key != small.key
    assert costs(other) == costs(small)
    assert costs(small).latency_ms is None


def test_depthwise_macs_are_a_part_of_all_and_none_of_plain_convolutions():
    """They are slow on a CPU, and bounded for it."""
    plain, separable = net(conv()), net(conv(block="separable"))

    assert count_depthwise_macs(plain) == 0
    assert 0 < count_depthwise_macs(separable) < count_macs(separable)
    assert count_macs(separable) < count_macs(plain)


def test_counter_of_a_gate_does_not_count_it_for_the_depth():
    """A squeeze-and-excitation has two layers of its own, beside the path."""
    gated = net(conv(attention="se"))

    assert count_params(gated) > count_params(net(conv()))
    assert count_depth(gated) == count_depth(net(conv()))
