"""The survey tells what a space holds."""

from __future__ import annotations

import pytest

from kedro_nas.space.costs import costs
from kedro_nas.space.survey import sample_costs, seconds_per_epoch, survey


def test_survey_ranges_lie_within_the_bounds(space):
    """Nothing surveyed is over a bound, and ranges are ordered."""
    found = survey(space, 50, seed=0, n_train=8_000)
    ranges = found.ranges

    assert list(ranges.index) == [
        "params",
        "macs",
        "depth",
        "memory_mb",
        "seconds_per_epoch",
    ]
    assert ranges.loc["params", "largest"] <= space.bounds.max_params
    assert ranges.loc["macs", "largest"] <= space.bounds.max_macs
    assert (ranges["smallest"] <= ranges["median"]).all()
    assert (ranges["median"] <= ranges["largest"]).all()
    assert found.n_distinct == len(found.samples) == 50


def test_survey_of_the_default_space_is_affordable_on_a_cpu(space):
    """The median candidate takes seconds per epoch of 8,000 small images."""
    ranges = survey(space, 200, seed=0, n_train=8_000).ranges

    assert ranges.loc["macs", "median"] <= 8e6
    assert ranges.loc["seconds_per_epoch", "median"] < 15


def test_seconds_per_epoch_grow_with_images(space):
    """The estimate is proportional to the images of an epoch."""
    anchor = space.anchors[0]

    assert seconds_per_epoch(anchor, 2_000) == 2 * seconds_per_epoch(anchor, 1_000)


def test_sample_costs_are_those_of_the_architectures(space):
    """A row per draw, counted by formula, with the time its MACs would take."""
    samples = sample_costs(space, 20, seed=3, n_train=1_000)
    again = sample_costs(space, 20, seed=3, n_train=1_000)

    assert len(samples) == 20
    assert samples.equals(again)
    assert (samples["params"] <= space.bounds.max_params).all()
    assert (samples["seconds_per_epoch"] > 0).all()


def test_seconds_per_epoch_of_depthwise_macs_are_six_times_as_many(make_space):
    """A depthwise MAC costs 55 / 9 of a dense one on a CPU core."""
    anchor = make_space(blocks=["separable"], preset="accuracy").anchors[0]
    cost = costs(anchor)
    dense = cost.macs - cost.depthwise_macs
    expected = 6 * (dense / 55e9 + cost.depthwise_macs / 9e9)

    assert cost.depthwise_macs > 0
    assert seconds_per_epoch(anchor, 1) == pytest.approx(expected)
