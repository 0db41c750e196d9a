"""Fold by fold: the same images for every contestant."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from kedro_nas.report.figures.theme import (
    OTHER,
    SYMBOLS,
    colour_of,
    empty_figure,
    new_figure,
)


def draw_fold_scores(
    fold_scores: pd.DataFrame, ranking: pd.DataFrame, *, objective: str = "accuracy"
) -> go.Figure:
    """Draw a line per fold across the contestants, and each one's mean.

    Lines that run in parallel are folds that are hard for everyone: they do not
    count against the difference between two contestants.

    Args:
        fold_scores: `nas.fold_scores`.
        ranking: `nas.ranking`, which gives the order.
        objective: Column of `fold_scores` that decided.
    """
    done = fold_scores[fold_scores["status"] == "completed"]
    ranked = ranking[ranking["cv_mean"].notna()]
    if done.empty or ranked.empty:
        return empty_figure("No fold was completed.")
    labels = {
        str(row["key"]): "baseline" if row["is_baseline"] else str(row["key"])[:6]
        for row in ranked.to_dict("records")
    }
    figure = new_figure(height=360)
    wide = done.pivot_table(index=["repeat", "fold"], columns="key", values=objective)
    for number, (place, scores) in enumerate(wide.iterrows()):
        repeat, fold = place if isinstance(place, tuple) else (0, place)
        figure.add_scatter(
            x=list(labels.values()),
            y=[scores.get(key) for key in labels],
            mode="lines+markers",
            name="one fold, the same images for all",
            legendgroup="folds",
            showlegend=number == 0,
            line={"width": 1, "color": OTHER},
            marker={"size": 5},
            opacity=0.6,
            hovertemplate=f"fold {fold}, repeat {repeat}: %{{y:.2%}}<extra></extra>",
        )
    for row in ranked.to_dict("records"):
        _add_mean(figure, row, labels[str(row["key"])])
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_yaxes(title_text=objective.replace("_", " "), tickformat=".1%")
    return figure


def _add_mean(figure: go.Figure, row: Mapping[Hashable, Any], label: str) -> None:
    winner = bool(row["chosen"])
    colour = colour_of(is_winner=winner, is_baseline=bool(row["is_baseline"]))
    mean, low, high = (float(row[name]) for name in ("cv_mean", "ci_low", "ci_high"))
    figure.add_scatter(
        x=[label],
        y=[mean],
        error_y={
            "type": "data",
            "array": [high - mean],
            "arrayminus": [mean - low],
            "thickness": 2,
            "width": 6,
            "color": colour,
        },
        mode="markers",
        name="mean and 95 % interval",
        showlegend=winner,
        marker={"size": 12, "color": colour, "symbol": SYMBOLS[colour]},
        hovertemplate=f"{label}: mean %{{y:.2%}}<extra></extra>",
    )
