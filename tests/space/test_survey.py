"""The survey, the baseline and the anchors tell what a space holds."""

from __future__ import annotations

import pytest

from kedro_nas.space.anchors import n_stages_for, stem_stride_for
from kedro_nas.space.baseline import baseline_architecture
from kedro_nas.space.costs import costs
from kedro_nas.space.speed import seconds_per_epoch
from kedro_nas.space.survey import survey


def test_survey_ranges_lie_within_the_bounds(space):
    """Nothing surveyed is over a bound, and ranges are ordered."""
    found = survey(space, 50, seed=0, n_train=8_000)
    ranges = found["ranges"]

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
    assert found["n_distinct"] == len(found["samples"]) == 50


def test_survey_of_the_default_space_is_affordable_on_a_cpu(space):
    """The median candidate takes seconds per epoch of 8,000 small images."""
    ranges = survey(space, 200, seed=0, n_train=8_000)["ranges"]

    assert ranges.loc["macs", "median"] <= 8e6
    assert ranges.loc["seconds_per_epoch", "median"] < 15


@pytest.mark.parametrize("n_images", [200, 8_000, 100_000])
@pytest.mark.parametrize("shape", [(8, 8, 1), (1, 64, 3), (28, 28, 1), (224, 224, 3)])
def test_baseline_grows_with_the_data(shape, n_images):
    """The hand-built net is a small ResNet for every size of image."""
    built = baseline_architecture(shape, 10, n_images)
    larger = baseline_architecture(shape, 10, n_images * 100)

    assert {stage.block for stage in built.stages} == {"residual"}
    assert costs(built).params <= costs(larger).params


def test_baseline_costs_at_most_twice_candidate_0(space):
    """Comparing against the baseline must not double the bill."""
    baseline = baseline_architecture((28, 28, 1), 10, 8_000)

    assert costs(baseline).macs <= 2 * costs(space.anchors[0]).macs


@pytest.mark.parametrize(
    ("side", "stride", "stages"), [(8, 1, 2), (28, 2, 2), (64, 2, 3), (224, 4, 4)]
)
def test_outline_of_anchors_follows_the_size(side, stride, stages):
    """Large images are halved more often, small ones hardly."""
    assert stem_stride_for((side, side, 1)) == stride
    assert n_stages_for((side, side, 1)) == stages


def test_seconds_per_epoch_grow_with_images(space):
    """The estimate is proportional to the images of an epoch."""
    anchor = space.anchors[0]

    assert seconds_per_epoch(anchor, 2_000) == 2 * seconds_per_epoch(anchor, 1_000)
