"""Confusions are counted rightly, and pictures never outgrow the page."""

from __future__ import annotations

import pytest

from kedro_nas.records.export import ClassScores, Mistake, TestMetrics
from kedro_nas.report.classes import (
    MAX_PICTURE_CHARACTERS,
    Confusion,
    contact_sheet,
    mistakes_with_room,
    top_confusions,
    worst_first,
)


@pytest.fixture
def metrics(results) -> TestMetrics:
    """Return test metrics of three classes, one of them without images."""
    scores = {"precision": 1.0, "f1": 1.0}
    return results.test_metrics.model_copy(
        update={
            "class_names": ("a", "b", "c"),
            "confusion_matrix": ((8, 2, 0), (0, 10, 0), (5, 0, 0)),
            "per_class": (
                ClassScores(class_name="a", recall=0.8, n=10, **scores),
                ClassScores(class_name="b", recall=0.0, n=0, **scores),
                ClassScores(class_name="c", recall=0.5, n=5, **scores),
            ),
        }
    )


def test_top_confusions_orders_by_count_and_leaves_the_diagonal_out(metrics):
    """Class c is taken for a 5 times, then a for b twice; right ones never."""
    found = top_confusions(metrics)

    assert found == [
        Confusion("c", "a", 5, 1.0),
        Confusion("a", "b", 2, 0.2),
    ]


def test_worst_first_puts_classes_without_images_last(metrics):
    """A recall of nothing is no bad recall."""
    assert [row.class_name for row in worst_first(metrics)] == ["c", "a", "b"]


def test_mistakes_with_room_drops_what_does_not_fit():
    """Large pictures are left out before the page gets too large."""
    large = "x" * (MAX_PICTURE_CHARACTERS // 3)
    mistake = Mistake(image=large, true="a", predicted="b", probability=0.9)

    assert len(mistakes_with_room([mistake] * 10)) == 3


def test_contact_sheet_gives_each_class_a_picture_before_any_a_second(results):
    """When room is short, classes are shown rather than repeats."""
    large = "x" * (MAX_PICTURE_CHARACTERS // 4)
    sheet = dict.fromkeys("abc", (large,) * 3)
    profile = results.dataset_profile.model_copy(update={"contact_sheet": sheet})

    kept = dict(contact_sheet(profile))

    assert [len(kept[name]) for name in "abc"] == [2, 1, 1]


def test_contact_sheet_without_pictures_is_empty(results):
    """A profile that drew none leaves none."""
    profile = results.dataset_profile.model_copy(update={"contact_sheet": {}})

    assert contact_sheet(profile) == []
