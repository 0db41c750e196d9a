"""The look of all figures: layout, axes, and a colour and symbol for each role.

Blue, orange and grey can be told apart by colour-blind readers; the roles differ in
symbol too, for prints in grey. The page replaces these colours by its own on a dark
screen (templates/page.js).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from html import escape
from textwrap import wrap
from typing import Any

import pandas as pd
import plotly.graph_objects as go

WINNER = "#0b7bc1"
BASELINE = "#bf5200"
OTHER = "#8a8f98"
INK = "#20262d"
GRID = "#e4e6e9"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"

TEXT_PX = 13
SMALL_TEXT_PX = 12
HEIGHT_PX = 400
NARROWEST = 0.1  # least height of the axis of scores

# From transparent, so that a figure serves a light and a dark page; steep at first, as
# the rare mistakes matter.
HEAT = [
    [0.0, "rgba(11,123,193,0)"],
    [0.05, "rgba(11,123,193,0.16)"],
    [0.2, "rgba(11,123,193,0.4)"],
    [1.0, "rgba(11,123,193,1)"],
]

# from few to many layers
DEPTHS = [[0.0, "#c9ccd1"], [1.0, WINNER]]

# above it the names of all networks would take megabytes of the page
MAX_NAMED = 800

SYMBOLS = {WINNER: "circle", BASELINE: "diamond", OTHER: "circle"}


def new_figure(*, height: int = HEIGHT_PX, labels_inside: bool = False) -> go.Figure:
    """Return an empty figure in the look of the report.

    Args:
        height: Pixels; the width follows the page.
        labels_inside: Whether the vertical axis has no labels beside it, so that it
            needs no margin.
    """
    axis = {
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": GRID,
        "ticks": "",
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": TEXT_PX}},
        "tickfont": {"size": SMALL_TEXT_PX},
    }
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8 if labels_inside else 56, "r": 16, "t": 16, "b": 48},
        font={"family": FONT, "size": TEXT_PX, "color": INK},
        paper_bgcolor="#ffffff",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis=axis,
        yaxis=axis,
        hoverlabel={"font": {"family": FONT, "size": TEXT_PX}, "align": "left"},
        legend={
            "orientation": "h",
            "yanchor": "bottom",
            "y": 1.0,
            "xanchor": "left",
            "x": 0,
            "font": {"size": SMALL_TEXT_PX},
        },
    )
    return figure


def empty_figure(sentence: str, *, height: int = 160) -> go.Figure:
    """Return a figure that says why there is nothing to draw.

    Args:
        sentence: Shown in the middle.
        height: Pixels.
    """
    figure = new_figure(height=height)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text="<br>".join(safe(line) for line in wrap(sentence, 56)),
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        font={"size": TEXT_PX, "color": OTHER},
    )
    return figure


def safe(text: object, limit: int = 60) -> str:
    """Escape a text for Plotly, which reads a part of HTML, and cut it short.

    >>> safe("<script>")
    '&lt;script&gt;'
    >>> safe("a" * 70, limit=5)
    'aaaa…'
    """
    plain = str(text)
    return escape(plain if len(plain) <= limit else plain[: limit - 1] + "…")


def hover_names(rows: pd.DataFrame) -> list[str]:
    """Return the hover texts of networks: names, or short keys of more than 800.

    Args:
        rows: A table with the columns `name` and `key`.
    """
    if len(rows) > MAX_NAMED:
        return [str(key)[:6] for key in rows["key"]]
    return [safe(name, 90) for name in rows["name"]]


def colour_of(*, is_winner: bool, is_baseline: bool) -> str:
    """Return the colour of a contestant; that of a baseline also when it is chosen."""
    if is_baseline:
        return BASELINE
    return WINNER if is_winner else OTHER


def add_contestant(
    figure: go.Figure,
    row: Mapping[Hashable, Any],
    *,
    x: Any,
    name: str,
    showlegend: bool,
    hover: str,
) -> None:
    """Add a contestant's mean over the folds and its 95 % interval.

    Args:
        figure: The figure to add to.
        row: A row of `nas.ranking`.
        x: Its place on the horizontal axis.
        name: Name in the legend, shared by contestants of one role.
        showlegend: Whether the legend lists this one; one of each name is enough.
        hover: Plotly template of the text shown over the point.
    """
    colour = colour_of(
        is_winner=bool(row["chosen"]), is_baseline=bool(row["is_baseline"])
    )
    mean, low, high = (float(row[end]) for end in ("cv_mean", "ci_low", "ci_high"))
    figure.add_scatter(
        x=[x],
        y=[mean],
        error_y={
            "type": "data",
            "array": [high - mean],
            "arrayminus": [mean - low],
            "thickness": 2,
            "width": 5,
            "color": colour,
        },
        mode="markers",
        name=name,
        legendgroup=name,
        showlegend=showlegend,
        marker={"size": 11, "color": colour, "symbol": SYMBOLS[colour]},
        hovertemplate=hover,
    )


def widen_scores(figure: go.Figure, scores: pd.Series[float]) -> None:
    """Give the axis of scores a least height.

    Ticks in whole percent would be equal otherwise, and one score would stand on an
    axis from one less to one more.

    Args:
        figure: The figure.
        scores: All that is drawn, at least one.
    """
    lowest, highest = scores.min(), scores.max()
    if highest - lowest < NARROWEST:
        middle = (lowest + highest) / 2
        figure.update_yaxes(range=[middle - NARROWEST / 2, middle + NARROWEST / 2])


def label_axis(
    figure: go.Figure, axis: str, title: str, *, percent_digits: int | None = None
) -> None:
    """Title an axis, and write its fractions in percent.

    Args:
        figure: The figure.
        axis: `x` or `y`.
        title: What the axis shows, with its unit.
        percent_digits: Digits after the point of percentages; None for plain numbers.
    """
    update = figure.update_xaxes if axis == "x" else figure.update_yaxes
    update(title_text=title)
    if percent_digits is not None:
        update(tickformat=f".{percent_digits}%")
