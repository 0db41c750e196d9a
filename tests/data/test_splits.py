"""Rows are dealt by what they are: in proportion, whole units, in any order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedro_nas.data.splits import stratified_group_split


def identities(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.choice(2**40, n, replace=False).astype(np.uint64)


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**31),
)
def test_deal_two_parts_are_stratified(sizes, share, seed):
    """Each class is shared out within one row; with two rows it is in both parts."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    part = stratified_group_split(
        labels, identities(len(labels)), [share, 1 - share], seed=seed, purpose="test"
    )
    for label, size in enumerate(sizes):
        first = int((part[labels == label] == 0).sum())
        if size >= 2:
            assert 1 <= first <= size - 1
        assert abs(first - share * size) < 1 + 1e-9 or first in {1, size - 1}


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(5, 60), min_size=1, max_size=6),
    n_folds=st.integers(2, 5),
    seed=st.integers(0, 2**31),
)
def test_deal_folds_are_even(sizes, n_folds, seed):
    """Folds differ by one row per class, and hardly more in all."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    shares = [1 / n_folds] * n_folds
    part = stratified_group_split(
        labels, identities(len(labels)), shares, seed=seed, purpose="fold_0"
    )
    for label in range(len(sizes)):
        counts = np.bincount(part[labels == label], minlength=n_folds)
        assert counts.max() - counts.min() <= 1
    totals = np.bincount(part, minlength=n_folds)
    assert totals.max() - totals.min() <= 2


@settings(deadline=None)
@given(
    n=st.integers(2, 80), n_units=st.integers(1, 40), seed=st.integers(0, 2**31),
    order=st.randoms(use_true_random=False),
)  # fmt: skip
def test_deal_keeps_units_whole_in_any_order(n, n_units, seed, order):
    """A unit is on one side, and where a row stands does not matter."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    units = identities(n_units)[rng.integers(0, n_units, n)]
    part = stratified_group_split(labels, units, [0.3, 0.7], seed=seed, purpose="val")
    for unit in np.unique(units):
        assert len(set(part[units == unit])) == 1
    shuffled = np.array(order.sample(range(n), n))
    again = stratified_group_split(
        labels[shuffled], units[shuffled], [0.3, 0.7], seed=seed, purpose="val"
    )

    assert np.array_equal(part[shuffled], again)


def test_deal_groups_are_near_their_share():
    """Groups of several classes still give about the share asked for."""
    rng = np.random.default_rng(0)
    groups = np.repeat(identities(100), rng.integers(1, 12, 100))
    labels = rng.integers(0, 4, len(groups))
    part = stratified_group_split(labels, groups, [0.2] * 5, seed=1, purpose="fold_0")
    for label in range(4):
        shares = (
            np.bincount(part[labels == label], minlength=5) / (labels == label).sum()
        )
        assert np.all(np.abs(shares - 0.2) < 0.06)


@pytest.mark.parametrize(("seed", "purpose"), [(1, "test"), (0, "val")])
def test_deal_differs_by_seed_and_purpose(seed, purpose):
    """Two draws do not follow each other."""
    labels, units = np.zeros(400, np.int64), identities(400)
    first = stratified_group_split(labels, units, [0.5, 0.5], seed=0, purpose="test")
    second = stratified_group_split(
        labels, units, [0.5, 0.5], seed=seed, purpose=purpose
    )

    assert 0.4 < (first == second).mean() < 0.6


def test_deal_is_the_same_on_every_machine():
    """A known draw, so that a change of the rule is seen."""
    labels = np.arange(12) % 2
    part = stratified_group_split(
        labels, np.arange(12, dtype=np.uint64), [0.5, 0.5], seed=0, purpose="test"
    )

    assert part.tolist() == [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1]
