"""Copies across splits leave the training side; units stay together."""

from __future__ import annotations

import numpy as np

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
