"""What the winner mistakes for what, in words and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# pictures of one section; with Plotly's 4.6 MB the page stays below 6 MB
PICTURE_BUDGET = 400_000
MAX_CLASSES_SHOWN = 40
MAX_PER_CLASS = 4


def top_confusions(
    test_metrics: Mapping[str, Any], limit: int = 5
) -> list[dict[str, Any]]:
    """Return the commonest confusions, most frequent first.

    Args:
        test_metrics: `nas.test_metrics`.
        limit: How many.

    Returns:
        Dictionaries of `true`, `predicted`, `n` and `share` of the true class.
    """
    counts = np.asarray(test_metrics.get("confusion_matrix") or [[0]], dtype=float)
    names = test_metrics.get("class_names") or [""]
    totals = counts.sum(axis=1)
    wrong = counts * (1 - np.eye(len(counts)))
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    places = [np.unravel_index(place, wrong.shape) for place in order]
    return [
        {
            "true": names[row],
            "predicted": names[column],
            "n": int(wrong[row, column]),
            "share": wrong[row, column] / totals[row],
        }
        for row, column in places
        if wrong[row, column] > 0
    ]


def worst_first(test_metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the classes, the least recognised first; those without images last."""
    rows = list(test_metrics.get("per_class") or [])
    return sorted(rows, key=lambda row: (not row["n"], row["recall"]))


def pictures_within_budget(mistakes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the first mistakes whose pictures fit the page."""
    kept, size = [], 0
    for mistake in mistakes:
        size += len(mistake["image"])
        if size > PICTURE_BUDGET:
            break
        kept.append(mistake)
    return kept


def contact_sheet(profile: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Keep a picture of each class first, then further ones, while they fit.

    Args:
        profile: `nas.dataset_profile`.

    Returns:
        Class names and their pictures, at most 40 classes and four of each.
    """
    sheet = list((profile.get("contact_sheet") or {}).items())[:MAX_CLASSES_SHOWN]
    kept: dict[str, list[str]] = {name: [] for name, _ in sheet}
    size = 0
    for place in range(MAX_PER_CLASS):
        for name, pictures in sheet:
            if place < len(pictures) and size + len(pictures[place]) <= PICTURE_BUDGET:
                size += len(pictures[place])
                kept[name].append(pictures[place])
    return [(name, pictures) for name, pictures in kept.items() if pictures]
