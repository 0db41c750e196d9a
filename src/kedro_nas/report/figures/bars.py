"""Bars with their numbers: seconds by part, importance by choice."""

from __future__ import annotations

import plotly.graph_objects as go

from kedro_nas.accounting.time_spent import TimeSpent
from kedro_nas.number_text import duration
from kedro_nas.report.figures.curves import time_unit
from kedro_nas.report.figures.theme import (
    OTHER,
    SMALL_TEXT_PX,
    WINNER,
    empty_figure,
    label_axis,
    new_figure,
    safe,
)
from kedro_nas.report.importance import Importance
from kedro_nas.report.typesetting import percent

# choices further down the list are noise
MAX_CHOICES = 12


def draw_time_spent(time_spent: TimeSpent) -> go.Figure:
    """Draw the seconds of every part of every stage.

    Args:
        time_spent: By stage and part; training to the last rung is highlighted.
    """
    if not time_spent.total_s:
        return empty_figure("No stage recorded its seconds.")
    parts = [part for part in time_spent.parts if part.seconds > 0]
    unit, length = time_unit(max(part.seconds for part in parts))
    figure = _bars(
        labels=[f"{part.stage}: {part.name}" for part in parts],
        values=[part.seconds / length for part in parts],
        colours=[
            WINNER if part.name == "training to the last rung" else OTHER
            for part in parts
        ],
        texts=[f"{duration(part.seconds)}, {percent(part.share, 0)}" for part in parts],
    )
    label_axis(figure, "x", unit)
    return figure


def draw_choice_importance(importance: Importance) -> go.Figure:
    """Draw how much worse the score is predicted when a choice is shuffled.

    Each bar has the standard deviation over the parts of the networks beside it.

    Args:
        importance: The choices, most important first.
    """
    if not importance.choices:
        return empty_figure(importance.sentence)
    shown = importance.choices[:MAX_CHOICES]
    figure = _bars(
        labels=[choice.name for choice in shown],
        values=[choice.importance for choice in shown],
        colours=[WINNER if importance.is_reliable else OTHER] * len(shown),
        texts=[
            f"{percent(choice.importance, 0)} ± {100 * choice.spread:.0f}"
            for choice in shown
        ],
    )
    label_axis(figure, "x", "share of the score's variance", percent_digits=0)
    return figure


def _bars(
    *, labels: list[str], values: list[float], colours: list[str], texts: list[str]
) -> go.Figure:
    """Draw bars with the label above each, as a phone has no room beside them."""
    places = list(range(len(values)))
    figure = new_figure(height=80 + 40 * len(values), labels_inside=True)
    figure.add_bar(
        y=places,
        x=values,
        orientation="h",
        width=0.36,
        marker={"color": colours},
        text=texts,
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    for place, label in zip(places, labels, strict=True):
        figure.add_annotation(
            x=0,
            y=place - 0.42,
            text=safe(label),
            xanchor="left",
            yanchor="middle",
            showarrow=False,
            font={"size": SMALL_TEXT_PX},
        )
    figure.update_xaxes(range=[0, (max(values) or 1.0) * 1.3])
    figure.update_yaxes(
        range=[len(values) - 0.5, -0.8], showgrid=False, showticklabels=False
    )
    return figure
