"""A sample of the search space by parameters and MACs, with its bounds."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from kedro_nas.report.figures.theme import (
    DEPTHS,
    INK,
    OTHER,
    label_axis,
    new_figure,
)
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.space.survey import sample_costs

N_SAMPLES = 500
_N_SAMPLES_MEASURED = 60


def draw_search_space(space: SearchSpace, seed: int) -> go.Figure:
    """Draw up to 500 networks of the space by parameters and MACs, anchors on top.

    Args:
        space: The search space.
        seed: Root seed.
    """
    # blocks without a formula are built to be counted, which takes longer
    n_samples = _N_SAMPLES_MEASURED if space.measured else N_SAMPLES
    samples = sample_costs(space, n_samples, seed)
    figure = new_figure()
    name = f"{n_samples} random networks that fit, preset {space.preset}"
    figure.add_trace(_sample_points(samples, name))
    figure.add_trace(_anchor_points(space))
    line = {"line_dash": "dot", "line_color": OTHER, "annotation_text": "bound"}
    if space.bounds.max_params is not None:
        figure.add_vline(space.bounds.max_params, **line)
    if space.bounds.max_macs is not None:
        figure.add_hline(space.bounds.max_macs, **line)
    figure.update_layout(xaxis_type="log", yaxis_type="log")
    label_axis(figure, "x", "parameters")
    label_axis(figure, "y", "multiply-accumulates per image")
    return figure


def _sample_points(samples: pd.DataFrame, name: str) -> go.Scatter:
    return go.Scatter(
        x=samples["params"],
        y=samples["macs"],
        mode="markers",
        name=name,
        text=samples["name"],
        marker={
            "color": samples["depth"],
            "colorscale": DEPTHS,
            "colorbar": {"title": "depth"},
            "opacity": 0.7,
        },
        hovertemplate="%{text}<br>%{x:,} parameters, %{y:,} MACs<extra></extra>",
    )


def _anchor_points(space: SearchSpace) -> go.Scatter:
    return go.Scatter(
        x=[costs(anchor).params for anchor in space.anchors],
        y=[costs(anchor).macs for anchor in space.anchors],
        mode="markers",
        name="tried first",
        text=[anchor.describe() for anchor in space.anchors],
        marker={"symbol": "star", "size": 14, "color": INK},
        hovertemplate="%{text}<br>%{x:,} parameters, %{y:,} MACs<extra></extra>",
    )
