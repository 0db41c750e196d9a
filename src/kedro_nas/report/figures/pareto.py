"""Accuracy against size: which networks no other beats at both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kedro_nas.number_text import short
from kedro_nas.report.figures.theme import (
    OTHER,
    SYMBOLS,
    colour_of,
    empty_figure,
    hover_names,
    new_figure,
)

MAX_TICKS = 7
AXES = {"params": "parameters", "macs": "multiply-accumulates per image"}


def draw_pareto_front(
    trials: pd.DataFrame, ranking: pd.DataFrame, *, cost: str = "params"
) -> go.Figure:
    """Draw score against a cost, with the front and the contestants' CV means.

    Args:
        trials: `nas.trials`.
        ranking: `nas.ranking`.
        cost: Column that is paid: `params` or `macs`.
    """
    tried = best_per_network(trials)
    ranked = ranking[ranking["cv_mean"].notna() & ranking[cost].notna()]
    if tried.empty and ranked.empty:
        return empty_figure("No network was scored.")
    figure = new_figure(height=420)
    figure.add_scatter(
        x=tried[cost],
        y=tried["score"].round(5),
        mode="markers",
        name="tried",
        marker={
            "size": 6,
            "color": OTHER,
            # the shorter the training, the less a score is worth
            "opacity": (0.2 + 0.5 * tried["epochs"] / tried["epochs"].max()).round(2),
        },
        customdata=[
            [name, epochs]
            for name, epochs in zip(hover_names(tried), tried["epochs"], strict=True)
        ],
        hovertemplate="%{customdata[0]}<br>%{y:.1%} after %{customdata[1]} epochs"
        "<br>%{x:,}<extra></extra>",
    )
    mask = np.asarray(is_on_front(tried[cost], tried["score"]), dtype=bool)
    front = tried[mask].sort_values(cost)
    figure.add_scatter(
        x=front[cost],
        y=front["score"],
        mode="lines",
        name="Pareto front",
        line={"shape": "hv", "width": 1.5, "color": OTHER},
        hoverinfo="skip",
    )
    others_named = False
    # the winner last, on top of those it lies close to
    for row in ranked.sort_values("chosen").to_dict("records"):
        other = not row["chosen"] and not row["is_baseline"]
        _add_contestant(figure, row, cost, named=not (other and others_named))
        others_named = others_named or other
    ticks = log_ticks([*tried[cost], *ranked[cost]])
    figure.update_xaxes(
        title_text=AXES[cost],
        type="log",
        tickvals=ticks,
        ticktext=[short(tick) for tick in ticks],
    )
    figure.update_yaxes(title_text="accuracy", tickformat=".0%")
    return figure


def best_per_network(trials: pd.DataFrame) -> pd.DataFrame:
    """Keep each network's longest trained score; shorter ones do not compare."""
    scored = trials[trials["score"].notna() & (trials["status"] != "failed")]
    return scored.sort_values(
        ["epochs", "score"], ascending=False, kind="stable"
    ).drop_duplicates("network_key")


def is_on_front(cost: pd.Series[float], score: pd.Series[float]) -> list[bool]:
    """Return which networks no other beats: at most their cost and a higher score.

    >>> is_on_front(pd.Series([1.0, 2.0, 3.0]), pd.Series([0.8, 0.7, 0.9]))
    [True, False, True]
    """
    by_cost = sorted(zip(cost, -score, range(len(cost)), strict=True))
    on_front, best = [False] * len(cost), float("-inf")
    for _, loss, place in by_cost:
        if -loss > best:
            on_front[place], best = True, -loss
    return on_front


def log_ticks(values: list[float]) -> list[float]:
    """Return round numbers that divide a logarithmic axis, seven at most.

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
    return ticks


def _add_contestant(
    figure: go.Figure, row: Mapping[Hashable, Any], cost: str, *, named: bool
) -> None:
    baseline, winner = bool(row["is_baseline"]), bool(row["chosen"])
    colour = colour_of(is_winner=winner, is_baseline=baseline)
    mean, low, high = (float(row[name]) for name in ("cv_mean", "ci_low", "ci_high"))
    role = "baseline" if baseline else "chosen" if winner else "other finalists"
    label = "baseline" if baseline else str(row["key"])[:6]
    figure.add_scatter(
        x=[row[cost]],
        y=[mean],
        error_y={
            "type": "data",
            "array": [high - mean],
            "arrayminus": [mean - low],
            "thickness": 1.5,
            "width": 4,
            "color": colour,
        },
        mode="markers",
        name=role,
        legendgroup=role,
        showlegend=named,
        marker={"size": 10, "color": colour, "symbol": SYMBOLS[colour]},
        hovertemplate=f"{label}: %{{y:.1%}}<br>%{{x:,}}<extra>cross-validated</extra>",
    )
