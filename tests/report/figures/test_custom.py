"""Figures of a user, on the page."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.records.job import JobResults
from kedro_nas.report.figures.custom import draw_custom_figures
from kedro_nas.report.page import write_report


def draw_depths(results: JobResults) -> go.Figure:
    """Depths of all networks.

    Not shown.
    """
    return go.Figure(go.Histogram(x=list(results.trials["rung"])))


def fail(results: JobResults) -> go.Figure:
    raise ValueError("no <depths> here")


def draw_nothing(results: JobResults) -> None:
    return None


def test_draw_custom_figures_calls_each_with_all_results(results: JobResults) -> None:
    """A figure from outside the package is drawn, under its docstring's first line."""
    (one,) = draw_custom_figures([f"{__name__}:draw_depths"], results)

    assert one.title == "Depths of all networks"
    assert list(one.figure.data[0].x) == list(results.trials["rung"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [("fail", "ValueError: no"), ("draw_nothing", "a NoneType instead")],
)
def test_draw_custom_figures_that_fail_leave_their_reason(
    results: JobResults, name: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake in a figure does not cost the report of hours."""
    (one,) = draw_custom_figures([f"{__name__}:{name}"], results)

    shown = one.figure.layout.annotations[0].text.replace("<br>", " ")
    assert reason in shown
    assert reason in caplog.text


def test_draw_custom_figures_that_do_not_exist_are_refused(results: JobResults) -> None:
    """A misspelt path is an error with what is allowed."""
    with pytest.raises(ParameterError, match="cannot import the figure"):
        draw_custom_figures(["nowhere:draw"], results)


def test_write_report_shows_the_users_figures_in_a_section(results: JobResults) -> None:
    """The page has the figure, its data, and a line in the list of sections."""
    options = ReportingOptions(figures=(f"{__name__}:draw_depths",))

    page = write_report(results, options).html

    assert '<section id="custom">' in page
    assert 'id="custom_figure_0-data"' in page
    assert 'href="#custom"' in page


def test_write_report_without_figures_of_the_user_has_no_section(
    results: JobResults,
) -> None:
    """Nothing is shown of what nobody asked for."""
    page = write_report(results, ReportingOptions()).html

    assert 'id="custom' not in page
    assert "Your figures" not in page
