"""One look for all figures: who is who has one colour everywhere.

Blue, orange and grey are told apart by colour-blind readers; the roles differ in
symbol too, so that a grey print still reads. The page replaces these values by its
own for a dark screen (templates/page.js).
"""

from __future__ import annotations

from html import escape
from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go

WINNER = "#0b7bc1"
BASELINE = "#bf5200"
OTHER = "#8a8f98"
INK = "#20262d"
GRID = "#e4e6e9"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"

# from transparent, so that the same figure serves a light and a dark page
# and steep at first, since what matters in it are the rare mistakes
HEAT = [
    [0.0, "rgba(11,123,193,0)"],
    [0.05, "rgba(11,123,193,0.16)"],
    [0.2, "rgba(11,123,193,0.4)"],
    [1.0, "rgba(11,123,193,1)"],
]

# from few to many layers
DEPTHS = [[0.0, "#c9ccd1"], [1.0, WINNER]]

# names of more networks would fill megabytes of a page that must stay small
MAX_NAMED = 800

SYMBOLS = {WINNER: "circle", BASELINE: "diamond", OTHER: "circle"}


def new_figure(*, height: int = 380) -> go.Figure:
    """Make an empty figure in the look of the report.

    Args:
        height: Pixels; the width follows the page.
    """
    axis = {
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": GRID,
        "ticks": "",
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": 13}},
        "tickfont": {"size": 12},
    }
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 56, "r": 16, "t": 16, "b": 48},
        font={"family": FONT, "size": 13, "color": INK},
        paper_bgcolor="#ffffff",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis=axis,
        yaxis=axis,
        hoverlabel={"font": {"family": FONT, "size": 13}, "align": "left"},
        legend={
            "orientation": "h",
            "yanchor": "bottom",
            "y": 1.0,
            "xanchor": "left",
            "x": 0,
            "font": {"size": 12},
        },
    )
    return figure


def empty_figure(sentence: str, *, height: int = 160) -> go.Figure:
    """Make a figure that says why there is nothing to draw.

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
        font={"size": 14, "color": OTHER},
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
    """Return what is shown over a network: its name, or its key among very many.

    Args:
        rows: With `name` and `key`.
    """
    if len(rows) > MAX_NAMED:
        return [str(key)[:6] for key in rows["key"]]
    return [safe(name, 90) for name in rows["name"]]


def colour_of(*, is_winner: bool, is_baseline: bool) -> str:
    """Return the colour of a contestant's role; a winning baseline stays a baseline."""
    if is_baseline:
        return BASELINE
    return WINNER if is_winner else OTHER
