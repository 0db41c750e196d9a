"""Learning curves by rung, and the best score over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from kedro_nas.records.search import SearchSummary
from kedro_nas.report.figures.theme import (
    BASELINE,
    OTHER,
    WINNER,
    empty_figure,
    hover_names,
    label_axis,
    new_figure,
    safe,
    widen_scores,
)
from kedro_nas.statistics.objectives import score_column, title_of

# later rungs are darker, as they are fewer and matter more
RUNG_OPACITY = (0.35, 0.6, 0.9)


def draw_learning_curves(
    trials: pd.DataFrame,
    winner_key: str,
    objective: str = "accuracy",
    recall_floors: Mapping[str, float] | None = None,
) -> go.Figure:
    """Draw the validation score by epoch, each network's rungs joined.

    Args:
        trials: `nas.trials`.
        winner_key: Key of the chosen architecture, drawn on top when it was tried.
        objective: Name of what was maximised.
        recall_floors: Smallest recall wanted, by class name; None without floors.
    """
    curves = _joined_curves(trials, score_column(trials, objective, "val_{}_by_epoch"))
    if curves.empty:
        return empty_figure("No trial left a learning curve.")
    figure = new_figure()
    for rung, group in curves[curves["key"] != winner_key].groupby("rung"):
        figure.add_scatter(
            x=_with_gaps(group["epochs"]),
            y=_with_gaps(group["scores"]),
            mode="lines+markers",
            name=f"reached rung {rung}",
            line={"width": 1.2, "color": OTHER},
            marker={"size": 4},
            opacity=_opacity(int(str(rung))),
            hoverinfo="skip",
        )
    for _, row in curves[curves["key"] == winner_key].head(1).iterrows():
        figure.add_scatter(
            x=row["epochs"],
            y=row["scores"],
            mode="lines+markers",
            name="chosen",
            line={"width": 3, "color": WINNER},
            marker={"size": 6},
            hovertemplate="epoch %{x}: %{y:.1%}<extra>chosen</extra>",
        )
    for start in sorted(set(trials["epoch_start"]) - {0}):
        figure.add_vline(x=start, line={"width": 1, "dash": "dot", "color": OTHER})
    last = max(max(epochs) for epochs in curves["epochs"])
    figure.update_xaxes(rangemode="tozero", tick0=0, dtick=-(-last // 10))
    label_axis(figure, "x", "epoch")
    title = title_of(objective, recall_floors)
    label_axis(figure, "y", f"validation {title}", percent_digits=0)
    return figure


def draw_search_history(trials: pd.DataFrame, search: SearchSummary) -> go.Figure:
    """Draw each score at the time it was known, and the best so far.

    Args:
        trials: `nas.trials`.
        search: `search` of `nas.finalists`, for its `incumbent`.
    """
    scored = trials[trials["score"].notna() & (trials["status"] != "failed")]
    failed = trials[trials["status"] == "failed"]
    if scored.empty:
        return empty_figure("No trial ended in a score.")
    figure = new_figure()
    unit, length = time_unit(max(trials["ended_s"].max(), search.seconds))
    for rung, group in scored.groupby("rung"):
        figure.add_scatter(
            x=(group["ended_s"] / length).round(3),
            y=group["score"].round(5),
            mode="markers",
            name=f"rung {rung}",
            marker={"size": 6 + 2 * min(int(str(rung)), 4), "color": OTHER},
            opacity=_opacity(int(str(rung))),
            customdata=hover_names(group),
            hovertemplate="%{customdata}<br>%{y:.1%} after %{x:.1f} "
            + unit
            + "<extra></extra>",
        )
    if len(failed):
        figure.add_scatter(
            x=failed["ended_s"] / length,
            y=[scored["score"].min()] * len(failed),
            mode="markers",
            name="failed",
            marker={"symbol": "x", "size": 8, "color": BASELINE},
            customdata=[safe(reason, 90) for reason in failed["reason"]],
            hovertemplate="%{customdata}<extra>failed</extra>",
        )
    steps = [(step.seconds / length, step.score) for step in search.incumbent]
    _add_incumbent(figure, steps, scored["ended_s"].max() / length)
    figure.update_xaxes(rangemode="tozero")
    label_axis(figure, "x", f"{unit} since the search began")
    label_axis(figure, "y", "validation score", percent_digits=0)
    widen_scores(figure, scored["score"])
    return figure


def time_unit(seconds: float) -> tuple[str, float]:
    """Return a readable unit for a duration, and the unit's length in seconds.

    >>> time_unit(240), time_unit(9000)
    (('seconds', 1.0), ('minutes', 60.0))
    """
    if seconds < 900:
        return "seconds", 1.0
    return ("minutes", 60.0) if seconds < 4 * 3600 else ("hours", 3600.0)


def _add_incumbent(
    figure: go.Figure, steps: list[tuple[float, float]], end: float
) -> None:
    if not steps:
        return
    last_time, last_score = steps[-1]
    figure.add_scatter(
        x=[*(time for time, _ in steps), max(end, last_time)],
        y=[*(score for _, score in steps), last_score],
        mode="lines",
        name="best so far",
        line={"shape": "hv", "width": 2, "color": WINNER},
        hovertemplate="best %{y:.1%}<extra></extra>",
    )


def _joined_curves(trials: pd.DataFrame, curve_name: str) -> pd.DataFrame:
    """Return a curve per network and bracket, its rungs joined."""
    joined: dict[Any, dict[str, Any]] = {}
    names = ["trial_id", "parent_id", "key", "rung", "epoch_start"]
    ordered = trials.sort_values("rung", kind="stable")
    first_rung: dict[Any, Any] = {}  # by trial: the first trial of its network
    for values, curve in zip(
        ordered[names].itertuples(index=False, name=None),
        ordered[curve_name],
        strict=True,
    ):
        trial, parent, key, rung, start = values
        network = first_rung[trial] = first_rung.get(parent, trial)
        if curve is None or not len(curve):
            continue
        line = joined.setdefault(network, {"epochs": [], "scores": []})
        # a later rung may have a smaller batch, and with it another key
        line |= {"key": key, "rung": rung}
        line["epochs"] += range(int(start) + 1, int(start) + 1 + len(curve))
        line["scores"] += [round(float(value), 4) for value in curve]
    lines = pd.DataFrame(
        list(joined.values()), columns=["key", "rung", "epochs", "scores"]
    )
    return lines.sort_values("rung", ascending=False, kind="stable")


def _with_gaps(curves: pd.Series[Any]) -> list[float | None]:
    return [value for curve in curves for value in (*curve, None)]


def _opacity(rung: int) -> float:
    return RUNG_OPACITY[min(rung, len(RUNG_OPACITY) - 1)]
