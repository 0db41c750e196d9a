"""What is taken for what on the test images."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from kedro_nas.records.export import TestMetrics
from kedro_nas.report.figures.theme import HEAT, INK, new_figure, safe

# above it numbers in the cells would overlap, and names become too many to read
MAX_WITH_NUMBERS = 14
MAX_WITH_NAMES = 40


def draw_confusion_matrix(test_metrics: TestMetrics) -> go.Figure:
    """Draw the shares of each true class, rows true, columns predicted.

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
        # three decimals: 200 classes are 40,000 cells of a page that must stay small
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
    figure.update_xaxes(title_text="predicted", tickangle=-45, dtick=1, **axis)
    figure.update_yaxes(title_text="true", autorange="reversed", dtick=1, **axis)
    return figure


def _distinct(names: list[str]) -> list[str]:
    """Number the names that became equal when cut, or Plotly would merge them."""
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
            # on a saturated cell the page's ink would not read
            font={
                "size": 11,
                "color": "white" if shares[row, column] > 0.45 else INK,
            },
        )
