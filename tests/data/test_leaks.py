"""Copies across splits leave the training side; units stay together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kedro_nas.data.leaks import find_leaks

NO_PAIRS = np.zeros((0, 2), np.int64)


def ids(text: str) -> np.ndarray:
    return np.array([f"{ord(letter):032x}"[::-1] for letter in text])


def splits(text: str) -> np.ndarray:
    names = {"r": "train", "v": "val", "t": "test"}
    return np.array([names[letter] for letter in text])


def test_find_leaks_exact_copies_leave_the_training_side():
    """Test keeps its image, validation and training lose theirs."""
    labels = np.zeros(5, np.int64)
    found = find_leaks(ids("aaabb"), labels, splits("rvtrr"), None, NO_PAIRS)

    assert found.leaking.tolist() == [True, True, False, False, False]
    assert {(leak.removed, leak.kept) for leak in found.leaks} == {(0, 2), (1, 2)}
    assert found.n_exact == 3


def test_find_leaks_near_copies_leave_the_training_side():
    """Only a direct near copy of a held-out image is removed, not a copy of it."""
    near = np.array([[0, 1], [1, 2]])
    labels = np.zeros(3, np.int64)
    found = find_leaks(ids("abc"), labels, splits("trr"), None, near)

    assert found.leaking.tolist() == [False, True, False]
    assert len(set(found.units)) == 1


def test_find_leaks_one_image_under_two_labels_is_conflicting():
    """All copies of an image that bears two labels are untrustworthy."""
    found = find_leaks(ids("aabbc"), np.array([0, 1, 0, 0, 1]), None, None, NO_PAIRS)

    assert found.conflicting.tolist() == [True, True, False, False, False]
    assert not found.leaking.any()


def test_find_leaks_groups_hold_together():
    """A group, and copies that join two groups, are one unit; 0 is no group."""
    groups = np.array([5, 5, 9, 9, 0, 0], np.uint64)
    found = find_leaks(ids("abbcde"), np.zeros(6, np.int64), None, groups, NO_PAIRS)

    assert len(set(found.units[:4])) == 1
    assert len(set(found.units)) == 3


def test_find_leaks_a_group_on_two_given_sides_leaves_training():
    """Given splits that tear a group apart are mended on the training side."""
    groups = np.array([5, 5, 0, 0], np.uint64)
    labels = np.zeros(4, np.int64)
    found = find_leaks(ids("abcd"), labels, splits("rtrt"), groups, NO_PAIRS)

    assert found.leaking.tolist() == [True, False, False, False]
    assert found.leaks[0].kind == "same group"


def test_scattered_renumbers_rows():
    """Findings about some rows tell of the rows of the whole."""
    found = find_leaks(
        ids("aa"), np.zeros(2, np.int64), splits("rt"), None, NO_PAIRS
    ).scattered(np.array([1, 4]), 6)

    assert np.flatnonzero(found.leaking).tolist() == [1]
    assert (found.leaks[0].removed, found.leaks[0].kept) == (1, 4)


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("rvt"), st.integers(0, 3)),
    min_size=1,
    max_size=12,
)
RANK = {"r": 0, "v": 1, "t": 2}


@settings(max_examples=30)
@given(rows=ROWS)
def test_find_leaks_removed_leave_no_copy_and_no_group_across_splits(rows):
    """Whatever was given, what is kept can be scored honestly."""
    letters, sides, groups = zip(*rows, strict=True)
    found = find_leaks(
        ids("".join(letters)),
        np.zeros(len(rows), np.int64),
        splits("".join(sides)),
        np.array(groups, np.uint64),
        NO_PAIRS,
    )
    kept = [row for row, leaks in zip(rows, found.leaking, strict=True) if not leaks]

    for letter in set(letters):
        assert len({side for one, side, _ in kept if one == letter}) <= 1
    for group in set(groups) - {0}:
        assert len({side for _, side, one in kept if one == group}) <= 1
    assert len(found.leaks) == found.leaking.sum()
    for leak in found.leaks:
        assert RANK[sides[leak.kept]] > RANK[sides[leak.removed]]


@settings(max_examples=30)
@given(rows=ROWS)
def test_find_leaks_without_given_splits_removes_none(rows):
    """Where splits are drawn, units keep copies together instead."""
    letters, _, groups = zip(*rows, strict=True)
    found = find_leaks(
        ids("".join(letters)),
        np.zeros(len(rows), np.int64),
        None,
        np.array(groups, np.uint64),
        NO_PAIRS,
    )

    assert not found.leaking.any()
    assert found.leaks == []
    for first, (letter, _, group) in enumerate(rows):
        for second, (other, _, its_group) in enumerate(rows):
            if letter == other or (group == its_group and group):
                assert found.units[first] == found.units[second]


@settings(max_examples=30)
@given(rows=ROWS, seed=st.integers(0, 99))
def test_find_leaks_units_do_not_depend_on_the_order_of_the_rows(rows, seed):
    """A shuffled table has the same images together, by the same names."""
    letters, _, groups = zip(*rows, strict=True)
    names, numbers = ids("".join(letters)), np.array(groups, np.uint64)
    order = np.random.default_rng(seed).permutation(len(rows))
    labels = np.zeros(len(rows), np.int64)
    whole = find_leaks(names, labels, None, numbers, NO_PAIRS)
    mixed = find_leaks(names[order], labels, None, numbers[order], NO_PAIRS)

    assert np.array_equal(whole.units[order], mixed.units)
    assert (whole.n_exact, whole.n_near) == (mixed.n_exact, mixed.n_near)


def test_find_leaks_near_pairs_of_exact_copies_are_not_counted_twice():
    """A copy to the bit is no near copy."""
    near = np.array([[0, 1], [1, 2]])
    found = find_leaks(ids("aab"), np.zeros(3, np.int64), None, None, near)

    assert (found.n_exact, found.n_near) == (1, 1)


def test_find_leaks_near_copies_within_a_split_stay():
    """Two photographs of one thing on the same side are no leak."""
    near = np.array([[0, 1]])
    found = find_leaks(ids("ab"), np.zeros(2, np.int64), splits("rr"), None, near)

    assert not found.leaking.any()
    assert found.units[0] == found.units[1]


@pytest.mark.parametrize("sides", ["rt", "vt", "rv"])
def test_find_leaks_says_first_what_is_most_certain(sides):
    """An image that leaks by its pixels and by its group is told once, as a copy."""
    groups = np.array([5, 5], np.uint64)
    found = find_leaks(
        ids("aa"), np.zeros(2, np.int64), splits(sides), groups, NO_PAIRS
    )

    assert [leak.kind for leak in found.leaks] == ["exact copy"]


def test_scattered_over_more_rows_leaves_the_others_free():
    """Rows without an image have no unit, no leak and no conflict."""
    found = find_leaks(
        ids("ab"), np.array([0, 1]), splits("rr"), None, NO_PAIRS
    ).scattered(np.array([0, 3]), 5)

    assert found.units[[1, 2, 4]].tolist() == [0, 0, 0]
    assert len(found.leaking) == len(found.conflicting) == 5
