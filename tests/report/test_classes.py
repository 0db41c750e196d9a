"""Confusions are counted rightly, and pictures never outgrow the page."""

from __future__ import annotations

from kedro_nas.report.classes import (
    PICTURE_BUDGET,
    contact_sheet,
    pictures_within_budget,
    top_confusions,
    worst_first,
)

METRICS = {
    "class_names": ["a", "b", "c"],
    "confusion_matrix": [[8, 2, 0], [0, 10, 0], [5, 0, 0]],
    "per_class": [
        {"class": "a", "recall": 0.8, "n": 10},
        {"class": "b", "recall": 0.0, "n": 0},
        {"class": "c", "recall": 0.5, "n": 5},
    ],
}


def test_top_confusions_orders_by_count_and_leaves_the_diagonal_out():
    """Class c is taken for a 5 times, then a for b twice; right ones never."""
    found = top_confusions(METRICS)

    assert [
        (one["true"], one["predicted"], one["n"], one["share"]) for one in found
    ] == [
        ("c", "a", 5, 1.0),
        ("a", "b", 2, 0.2),
    ]


def test_top_confusions_of_an_unread_test_is_empty():
    """No matrix, no confusions."""
    assert top_confusions({}) == []


def test_worst_first_puts_classes_without_images_last():
    """A recall of nothing is no bad recall."""
    assert [row["class"] for row in worst_first(METRICS)] == ["c", "a", "b"]


def test_pictures_within_budget_drops_what_does_not_fit():
    """Large pictures are left out before the page gets too large."""
    mistakes = [{"image": "x" * (PICTURE_BUDGET // 3)} for _ in range(10)]

    assert len(pictures_within_budget(mistakes)) == 3


def test_contact_sheet_gives_each_class_a_picture_before_any_a_second():
    """When room is short, classes are shown rather than repeats."""
    large = "x" * (PICTURE_BUDGET // 4)
    sheet = {name: [large] * 3 for name in "abc"}

    kept = dict(contact_sheet({"contact_sheet": sheet}))

    assert [len(kept[name]) for name in "abc"] == [2, 1, 1]


def test_contact_sheet_without_pictures_is_empty():
    """A profile that drew none leaves none."""
    assert contact_sheet({}) == []
