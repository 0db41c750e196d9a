"""Figures of a user, drawn by functions that the options name."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from kedro_nas.custom_code import import_custom
from kedro_nas.errors import ParameterError
from kedro_nas.records.job import JobResults
from kedro_nas.report.figures.theme import empty_figure

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CustomFigure:
    """A figure of a user.

    Attributes:
        name: Identifies it on the page.
        title: First line of the function's docstring, else its name.
        figure: What the function drew.
    """

    name: str
    title: str
    figure: go.Figure


def draw_custom_figures(
    paths: Sequence[str], results: JobResults
) -> tuple[CustomFigure, ...]:
    """Draw the figures of a user.

    A function that fails leaves its reason in place of its figure: the results of hours
    are on the same page.

    Args:
        paths: `package.module:function`, each called as `function(results)` and
            returning a Plotly figure.
        results: Of all stages.

    Raises:
        ParameterError: A function cannot be imported.
    """
    return tuple(
        _draw(f"custom_figure_{number}", path, results)
        for number, path in enumerate(paths)
    )


def _draw(name: str, path: str, results: JobResults) -> CustomFigure:
    function = import_custom(path, "figure", ParameterError)
    written = (inspect.getdoc(function) or path.partition(":")[2]).splitlines()[0]
    reason = ""
    try:
        figure = function(results)
    except Exception as error:  # noqa: BLE001 - whatever a user's function raises
        reason = f"{path} failed: {type(error).__name__}: {error}"
    else:
        if not isinstance(figure, go.Figure):
            reason = f"{path} gave a {type(figure).__name__} instead of a Plotly figure"
    if reason:
        logger.warning("The figure of %s. The rest of the report is complete.", reason)
        figure = empty_figure(reason)
    return CustomFigure(name, written.rstrip("."), figure)
