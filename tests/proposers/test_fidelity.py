"""Scores of short and long trainings on one scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.proposers.fidelity import level_targets, target_of


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_target_of_keeps_the_order_and_is_finite(scores: list[float]) -> None:
    """A perfect score on few images is large, not infinite."""
    low, high = sorted(scores)

    assert 0 <= target_of(low) <= target_of(high) < 10


def test_level_targets_of_selected_networks_are_not_raised_too_far() -> None:
    """The two best of four gain 0.5 by training on; so do the others, untrained."""
    keys = ["a", "b", "c", "d", "a", "b"]
    levelled = level_targets(keys, [1, 1, 1, 1, 3, 3], [2.0, 1.8, 1.0, 0.8, 2.5, 2.3])

    assert levelled.tolist() == pytest.approx([2.5, 2.3, 1.5, 1.3, 2.5, 2.3])


def test_level_targets_gains_add_up_over_rungs() -> None:
    """From one epoch over three to nine."""
    levelled = level_targets(["a", "a", "a", "b"], [1, 3, 9, 1], [1.0, 1.5, 2.5, 0.0])

    assert levelled.tolist() == pytest.approx([2.5, 2.5, 2.5, 1.5])


def test_level_targets_without_common_networks_compares_means() -> None:
    """Two brackets that start with other epochs are brought to one mean."""
    levelled = level_targets(["a", "b", "c"], [1, 1, 3], [1.0, 2.0, 4.0])

    assert levelled.tolist() == pytest.approx([3.5, 4.5, 4.0])


def test_level_targets_of_one_length_are_unchanged() -> None:
    """Nothing is compared, nothing is moved."""
    assert np.array_equal(level_targets(["a", "b"], [3, 3], [1.0, 2.0]), [1.0, 2.0])
