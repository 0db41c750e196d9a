"""Accuracy against size, and the Pareto front of both."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kedro_nas.number_text import short
from kedro_nas.report.figures.theme import (
    OTHER,
    add_contestant,
    empty_figure,
    hover_names,
    label_axis,
    new_figure,
    widen_scores,
)
from kedro_nas.report.leaderboard import contestant_label
from kedro_nas.statistics.objectives import title_of
from kedro_nas.statistics.pareto_front import is_on_front, longest_trainings

MAX_TICKS = 7
KEY_DIGITS = 8  # of an architecture, as kedro nas export takes them
FINALISTS = "other finalists"
AXES = {"params": "parameters", "macs": "multiply-accumulates per image"}


def draw_pareto_front(
    trials: pd.DataFrame,
    ranking: pd.DataFrame,
    objective: str = "accuracy",
    *,
    recall_floors: Mapping[str, float] | None = None,
    cost: str = "params",
) -> go.Figure:
    """Draw score against a cost, with the front and the contestants' CV means.

    Args:
        trials: `nas.trials`.
        ranking: `nas.ranking`.
        objective: Name of what was maximised.
        recall_floors: Smallest recall wanted, by class name; None without floors.
        cost: Column of the horizontal axis, `params` or `macs`.
    """
    tried = longest_trainings(trials)
    ranked = ranking[ranking["cv_mean"].notna() & ranking[cost].notna()]
    if tried.empty and ranked.empty:
        return empty_figure("No network was scored.")
    figure = new_figure()
    _add_tried(figure, tried, cost)
    named: set[str] = set()
    # the chosen network last, on top of its neighbours
    for row in ranked.sort_values("chosen").to_dict("records"):
        baseline = bool(row["is_baseline"])
        role = "baseline" if baseline else "chosen" if row["chosen"] else FINALISTS
        label = contestant_label(key=str(row["key"]), is_baseline=baseline)
        add_contestant(
            figure,
            row,
            x=row[cost],
            name=role,
            showlegend=role not in named,
            hover=f"{label}: %{{y:.1%}}<br>%{{x:,}}<extra>cross-validated</extra>",
        )
        named.add(role)
    label_axis(figure, "x", AXES[cost])
    _scale_costs(figure, [*tried[cost], *ranked[cost]])
    label_axis(figure, "y", title_of(objective, recall_floors), percent_digits=0)
    if ranked.empty:  # a contestant's interval is high enough
        widen_scores(figure, tried["score"])
    return figure


def _add_tried(figure: go.Figure, tried: pd.DataFrame, cost: str) -> None:
    """Add the networks of the search, and the line of their front."""
    figure.add_scatter(
        x=tried[cost],
        y=tried["score"].round(5),
        mode="markers",
        name="tried",
        marker={
            "size": 6,
            "color": OTHER,
            # paler after shorter training, as the score is less certain
            "opacity": (0.2 + 0.5 * tried["epochs"] / tried["epochs"].max()).round(2),
        },
        customdata=[
            [name, epochs, key[:KEY_DIGITS]]
            for name, epochs, key in zip(
                hover_names(tried), tried["epochs"], tried["key"], strict=True
            )
        ],
        hovertemplate="%{customdata[0]}<br>%{y:.1%} after %{customdata[1]} epochs"
        "<br>%{x:,}<extra>%{customdata[2]}</extra>",
    )
    front = tried[is_on_front(tried[cost], tried["score"])]
    front = front.drop_duplicates([cost, "score"]).sort_values(cost)
    figure.add_scatter(
        x=front[cost],
        y=front["score"],
        mode="lines",
        name="Pareto front",
        line={"shape": "hv", "width": 1.5, "color": OTHER},
        hoverinfo="skip",
    )


def _scale_costs(figure: go.Figure, values: list[float]) -> None:
    ticks = log_ticks(values)
    figure.update_xaxes(
        type="log",
        range=_range_of_one(values),
        tickvals=ticks,
        ticktext=[short(tick) for tick in ticks],
        tickangle=0,
    )


def _range_of_one(values: list[float]) -> list[float] | None:
    """Return a range around networks of one size, None to leave it to Plotly.

    Plotly would show two decades, with all ticks in the middle of them.
    """
    if max(values) > min(values):
        return None
    middle = float(np.log10(max(values[0], 1.0)))
    return [middle - 0.2, middle + 0.2]


def log_ticks(values: list[float]) -> list[float]:
    """Return at most seven round numbers to label a logarithmic axis with.

    >>> log_ticks([30_000, 700_000])
    [50000.0, 100000.0, 200000.0, 500000.0]
    """
    low, high = max(min(values), 1.0), max(*values, 1.0)
    powers = range(int(np.log10(low)) - 1, int(np.log10(high)) + 2)
    ticks: list[float] = []
    for steps in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [float(step * 10.0**power) for power in powers for step in steps]
        ticks = [tick for tick in ticks if 0.7 * low <= tick <= 1.4 * high]
        if len(ticks) <= MAX_TICKS:
            break
    return ticks[:: -(-len(ticks) // MAX_TICKS) or 1]  # of many decades every second
