"""The confusion matrix of the test images."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from kedro_nas.records.export import TestMetrics
from kedro_nas.report.figures.theme import (
    HEAT,
    INK,
    SMALL_TEXT_PX,
    label_axis,
    new_figure,
    safe,
)

# with more classes numbers would overlap in the cells, names along the axes
MAX_WITH_NUMBERS = 14
MAX_WITH_NAMES = 40


def draw_confusion_matrix(test_metrics: TestMetrics) -> go.Figure:
    """Draw the share of each true class by predicted class; rows are true classes.

    Args:
        test_metrics: `nas.test_metrics`.
    """
    counts = np.asarray(test_metrics.confusion_matrix, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = _distinct([safe(name, 18) for name in test_metrics.class_names])
    n_classes = len(names)
    gap = 1 if n_classes <= MAX_WITH_NAMES else 0
    figure = new_figure(height=200 + 34 * min(max(n_classes, 4), 16))
    figure.add_heatmap(
        x=names,
        y=names,
        # three decimals, as 200 classes are 40,000 cells in the page
        z=shares.round(3).tolist(),
        colorscale=HEAT,
        zmin=0,
        zmax=1,
        showscale=False,
        xgap=gap,
        ygap=gap,
        hovertemplate="%{y} taken for %{x}: %{z:.1%}<extra></extra>",
    )
    if n_classes <= MAX_WITH_NUMBERS:
        _add_numbers(figure, counts, shares)
    axis = {"type": "category", "showgrid": False}
    axis |= {"showticklabels": n_classes <= MAX_WITH_NAMES}
    label_axis(figure, "x", "predicted")
    label_axis(figure, "y", "true")
    figure.update_xaxes(tickangle=-45, dtick=1, **axis)
    figure.update_yaxes(autorange="reversed", dtick=1, **axis)
    return figure


def _distinct(names: list[str]) -> list[str]:
    """Number names that became equal when shortened, as Plotly would merge them."""
    return [
        f"{name} ({place})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]


def _add_numbers(figure: go.Figure, counts: Any, shares: Any) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        figure.add_annotation(
            x=column,
            y=row,
            text=str(int(counts[row, column])),
            showarrow=False,
            # white where the cell is too dark for the text colour
            font={
                "size": SMALL_TEXT_PX,
                "color": "white" if shares[row, column] > 0.45 else INK,
            },
        )
