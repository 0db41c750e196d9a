"""The classes on the test images: confusions, scores, mistakes, example pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kedro_nas.records.export import ClassScores, Mistake, TestMetrics
from kedro_nas.records.profile import DatasetProfile

# characters of the pictures of a section; with Plotly's 4.6 MB a page is below 6 MB
MAX_PICTURE_CHARACTERS = 400_000
MAX_CLASSES_SHOWN = 40
MAX_PER_CLASS = 4


@dataclass(frozen=True)
class Confusion:
    """A class whose images are classified as another.

    Attributes:
        true: Name of the class.
        predicted: Name of the other class.
        n: Test images classified so.
        share: Of the test images of the true class, in [0, 1].
    """

    true: str
    predicted: str
    n: int
    share: float


def top_confusions(test_metrics: TestMetrics, limit: int = 5) -> list[Confusion]:
    """Return the commonest confusions, most frequent first.

    Args:
        test_metrics: `nas.test_metrics`.
        limit: How many at most.
    """
    counts = np.asarray(test_metrics.confusion_matrix, dtype=float)
    names = test_metrics.class_names
    totals = counts.sum(axis=1)
    wrong = counts * (1 - np.eye(len(counts)))
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    places = [np.unravel_index(place, wrong.shape) for place in order]
    return [
        Confusion(
            true=names[row],
            predicted=names[column],
            n=int(wrong[row, column]),
            share=float(wrong[row, column] / totals[row]),
        )
        for row, column in places
        if wrong[row, column] > 0
    ]


def worst_first(test_metrics: TestMetrics) -> list[ClassScores]:
    """Return the classes by recall, lowest first; classes without images come last."""
    return sorted(test_metrics.per_class, key=lambda row: (not row.n, row.recall))


def mistakes_with_room(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Return the first mistakes, as many as have room for their pictures."""
    kept: list[Mistake] = []
    size = 0
    for mistake in mistakes:
        size += len(mistake.image)
        if size > MAX_PICTURE_CHARACTERS:
            break
        kept.append(mistake)
    return kept


def contact_sheet(profile: DatasetProfile) -> list[tuple[str, list[str]]]:
    """Return pictures of each class: one of all classes first, then more if they fit.

    Args:
        profile: `nas.dataset_profile`.

    Returns:
        Class names and their pictures, at most 40 classes and four of each.
    """
    sheet = list(profile.contact_sheet.items())[:MAX_CLASSES_SHOWN]
    kept: dict[str, list[str]] = {name: [] for name, _ in sheet}
    size = 0
    for place in range(MAX_PER_CLASS):
        for name, pictures in sheet:
            if (
                place < len(pictures)
                and size + len(pictures[place]) <= MAX_PICTURE_CHARACTERS
            ):
                size += len(pictures[place])
                kept[name].append(pictures[place])
    return [(name, pictures) for name, pictures in kept.items() if pictures]
