"""The scores of each contestant on each fold."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from kedro_nas.report.figures.theme import (
    OTHER,
    add_contestant,
    empty_figure,
    label_axis,
    new_figure,
)
from kedro_nas.report.leaderboard import contestant_label
from kedro_nas.statistics.objectives import score_column, title_of


def draw_fold_scores(
    fold_scores: pd.DataFrame,
    ranking: pd.DataFrame,
    *,
    objective: str = "accuracy",
    recall_floors: Mapping[str, float] | None = None,
) -> go.Figure:
    """Draw a line per fold across the contestants, and each one's mean.

    Parallel lines mean that some folds are harder than others for all contestants,
    which does not affect the difference between two of them.

    Args:
        fold_scores: `nas.fold_scores`.
        ranking: `nas.ranking`, which gives the order.
        objective: Name of what the ranking is by.
        recall_floors: Smallest recall wanted, by class name; None without floors.
    """
    done = fold_scores[fold_scores["status"] == "completed"]
    ranked = ranking[ranking["cv_mean"].notna()]
    if done.empty or ranked.empty:
        return empty_figure("No fold was completed.")
    labels = {
        str(row["key"]): contestant_label(
            key=str(row["key"]), is_baseline=bool(row["is_baseline"])
        )
        for row in ranked.to_dict("records")
    }
    figure = new_figure()
    wide = done.pivot_table(
        index=["repeat", "fold"], columns="key", values=score_column(done, objective)
    )
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
        label = labels[str(row["key"])]
        add_contestant(
            figure,
            row,
            x=label,
            name="mean and 95 % interval",
            showlegend=bool(row["chosen"]),
            hover=f"{label}: mean %{{y:.2%}}<extra></extra>",
        )
    figure.update_xaxes(type="category", showgrid=False)
    label_axis(figure, "y", title_of(objective, recall_floors), percent_digits=1)
    return figure
