"""A picture of the search space: where its networks lie, and where its bounds are."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from kedro_nas.report.figures.theme import (
    DEPTHS,
    INK,
    OTHER,
    new_figure,
)
from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.space.survey import sample_costs

N_SAMPLES = 500
_N_MEASURED = 60


def draw_search_space(space: SearchSpace, seed: int) -> go.Figure:
    """Draw up to 500 networks of the space by parameters and MACs, anchors on top.

    Args:
        space: The search space.
        seed: Root seed.
    """
    # Blocks that have to be built to be counted allow fewer draws.
    n_samples = _N_MEASURED if space.measured else N_SAMPLES
    samples = sample_costs(space, n_samples, seed)
    figure = new_figure(height=420)
    name = f"{n_samples} random networks that fit, preset {space.preset}"
    figure.add_trace(_cloud(samples, name))
    figure.add_trace(_anchors(space))
    line = {"line_dash": "dot", "line_color": OTHER, "annotation_text": "bound"}
    if space.bounds.max_params is not None:
        figure.add_vline(space.bounds.max_params, **line)
    if space.bounds.max_macs is not None:
        figure.add_hline(space.bounds.max_macs, **line)
    figure.update_xaxes(title_text="parameters", type="log")
    figure.update_yaxes(title_text="multiply-accumulates per image", type="log")
    return figure


def _cloud(samples: pd.DataFrame, name: str) -> go.Scatter:
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


def _anchors(space: SearchSpace) -> go.Scatter:
    return go.Scatter(
        x=[costs(anchor).params for anchor in space.anchors],
        y=[costs(anchor).macs for anchor in space.anchors],
        mode="markers",
        name="tried first",
        text=[anchor.describe() for anchor in space.anchors],
        marker={"symbol": "star", "size": 14, "color": INK},
        hovertemplate="%{text}<br>%{x:,} parameters, %{y:,} MACs<extra></extra>",
    )
