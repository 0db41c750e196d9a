"""A picture of the search space: where its networks lie, and where its bounds are."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from kedro_nas.space.costs import costs
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.space.survey import sample_costs

N_SAMPLES = 500
_N_MEASURED = 60


def search_space_figure(space: SearchSpace, seed: int) -> go.Figure:
    """Draw up to 500 networks of the space by parameters and MACs, anchors on top.

    Args:
        space: The search space.
        seed: Root seed.
    """
    # Blocks that have to be built to be counted allow fewer draws.
    n_samples = _N_MEASURED if space.measured else N_SAMPLES
    samples = sample_costs(space, n_samples, seed)
    figure = go.Figure()
    figure.add_trace(_cloud(samples))
    figure.add_trace(_anchors(space))
    bounds = space.bounds
    if bounds.max_params is not None:
        figure.add_vline(bounds.max_params, line_dash="dot", annotation_text="bound")
    if bounds.max_macs is not None:
        figure.add_hline(bounds.max_macs, line_dash="dot", annotation_text="bound")
    figure.update_layout(
        title=f"Search space: {n_samples} draws that fit, preset {space.preset}",
        xaxis={"title": "parameters", "type": "log"},
        yaxis={"title": "MACs per image", "type": "log"},
        template="plotly_white",
    )
    return figure


def _cloud(samples: pd.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=samples["params"],
        y=samples["macs"],
        mode="markers",
        name="random networks",
        text=samples["name"],
        marker={
            "color": samples["depth"],
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
        marker={"symbol": "star", "size": 14, "color": "crimson"},
        hovertemplate="%{text}<br>%{x:,} parameters, %{y:,} MACs<extra></extra>",
    )
