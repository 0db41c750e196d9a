"""Size and balance of the data become settings, by the stated rules."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.data.guard import class_weights, judge
from kedro_nas.errors import DataError
from kedro_nas.parameters.data_preparation import DataPreparationOptions


def verdict(counts, n_train=None, **options):
    counts = np.array(counts)
    names = [f"c{i}" for i in range(len(counts))]
    n_train = n_train or int(counts.sum() * 0.8)
    return judge(counts, n_train, names, DataPreparationOptions(**options))


def test_judge_large_balanced_data_changes_nothing():
    """With 5,000 images, 100 a class, everything stays as it is."""
    found = verdict([100] * 50)

    assert found.mode == "normal"
    assert found.n_repeats == 1
    assert found.reasons == ()
    assert found.class_weights is None


@pytest.mark.parametrize("counts", [[2500, 2400], [99, 200] + [200] * 48, [900] * 2])
def test_judge_small_data_adapts(counts):
    """Under 5,000 images, or 100 in a class, the search is smaller, folds repeated."""
    found = verdict(counts)

    assert found.mode == "small_data"
    assert found.n_repeats == 3
    assert found.augmentation == "strong"
    assert 0.1 <= found.max_params_factor < 1
    assert 0.5 <= found.bn_momentum <= 0.9
    assert "by hand" in found.reasons[-1]


@pytest.mark.parametrize(
    ("n_train", "momentum"), [(64, 0.5), (320, 0.741), (640, 0.861), (1600, 0.9)]
)
def test_judge_bn_momentum_follows_steps_per_epoch(n_train, momentum):
    """After one epoch at most 5 % of a moving average is its initial value."""
    assert verdict([1000, 1000], n_train).bn_momentum == momentum


def test_judge_warn_changes_no_setting():
    """`warn` says what it sees and leaves the settings."""
    found = verdict([100, 100], on_small_data="warn")

    assert found.mode == "normal"
    assert "200 images" in found.reasons[0]


def test_judge_stop_stops():
    """`stop` refuses small data with the numbers."""
    with pytest.raises(DataError, match=r"200 images .*on_small_data to adapt"):
        verdict([100, 100], on_small_data="stop")


def test_judge_repeats_given_are_kept():
    """A number of repeats overrules the guard."""
    assert verdict([50, 50], n_repeats=2).n_repeats == 2


@pytest.mark.parametrize(
    ("counts", "objective"),
    [([6000, 2000], "accuracy"), ([6001, 2000], "balanced_accuracy")],
)
def test_judge_imbalance_above_three_switches_the_objective(counts, objective):
    """Three to one is still accuracy; more is balanced accuracy with weights."""
    found = verdict(counts)

    assert found.objective == objective
    assert (found.class_weights is None) == (objective == "accuracy")


@pytest.mark.parametrize("counts", [[100, 1], [5, 5, 5], [10_000, 10, 300]])
def test_class_weights_are_capped_and_average_one(counts):
    """The heaviest weighs at most ten times the lightest; the mean image weighs 1."""
    counts = np.array(counts)
    weights = np.array(class_weights(counts))

    assert weights.max() / weights.min() <= 10.01
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1, abs=1e-3)
