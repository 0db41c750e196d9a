"""All figures look alike."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from kedro_nas.accounting.job_costs import compute_costs
from kedro_nas.parameters.reporting import CostOptions, ReportingOptions
from kedro_nas.report.figures import theme
from kedro_nas.report.figures.bars import draw_choice_importance, draw_time_spent
from kedro_nas.report.figures.theme import (
    BASELINE,
    FONT,
    OTHER,
    SMALL_TEXT_PX,
    TEXT_PX,
    WINNER,
    add_contestant,
    colour_of,
    empty_figure,
    hover_names,
    label_axis,
    new_figure,
    safe,
)
from kedro_nas.report.importance import rank_choices
from kedro_nas.report.page import TEMPLATES, write_report

FIGURES = sorted(Path(theme.__file__).parent.glob("*.py"))


@pytest.fixture(scope="module")
def figures(results):
    """Draw every figure of the page."""
    drawn = write_report(results, ReportingOptions()).figures
    costs = compute_costs(CostOptions(), results)
    return {
        **drawn,
        "time": draw_time_spent(costs.time),
        "choices": draw_choice_importance(rank_choices(results.trials)),
        "empty": empty_figure("Nothing."),
    }


def test_every_figure_has_the_layout_of_the_theme(figures):
    """Fonts, backgrounds, grid, hover and legend are the same in all."""
    expected = new_figure().layout
    for name, figure in figures.items():
        layout = figure.layout
        same = ("font", "paper_bgcolor", "plot_bgcolor", "hoverlabel", "legend")
        assert {part: layout[part] for part in same} == {
            part: expected[part] for part in same
        }, name
        assert layout.xaxis.gridcolor == expected.xaxis.gridcolor, name
        assert layout.xaxis.tickfont == expected.xaxis.tickfont, name


def test_every_text_has_one_of_two_sizes(figures):
    """Annotations are in the size of the text or of the ticks."""
    sizes = {
        note.font.size
        for figure in figures.values()
        for note in figure.layout.annotations
    }

    assert sizes <= {TEXT_PX, SMALL_TEXT_PX, None}


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.name)
def test_no_figure_sets_what_the_theme_decides(path):
    """Colours, fonts, margins and percent signs are written in the theme only."""
    if path.name == "theme.py":
        return
    decided = re.compile(r'"#[0-9a-f]{3,6}"|go\.Figure\(|margin=|"family"|tickformat')

    assert decided.findall(path.read_text()) == []


def test_page_replaces_every_colour_of_the_theme_on_a_dark_screen():
    """A colour that page.js does not know stays as it is, unreadable on black."""
    script = (TEMPLATES / "page.js").read_text()

    assert all(
        f'"{colour}"' in script
        for colour in (WINNER, BASELINE, OTHER, theme.INK, theme.GRID)
    )


def test_colour_of_a_winning_baseline_stays_the_baselines():
    """Roles have one colour each on the whole page."""
    assert colour_of(is_winner=True, is_baseline=True) == BASELINE
    assert colour_of(is_winner=True, is_baseline=False) == WINNER
    assert colour_of(is_winner=False, is_baseline=False) == OTHER


def test_new_figure_with_labels_inside_has_no_left_margin():
    """Bars with their labels above them use the whole width."""
    assert new_figure(labels_inside=True).layout.margin.l < new_figure().layout.margin.l
    assert new_figure(labels_inside=True).layout.font.family == FONT


def test_empty_figure_escapes_and_wraps_its_sentence():
    """A long reason with markup stays readable text."""
    text = empty_figure("<b>" + "word " * 30).layout.annotations[0].text

    assert text.startswith("&lt;b&gt;word")
    assert text.count("<br>") >= 2


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [("a" * 9, 5, "aaaa…"), ("abc", 5, "abc"), ("a&b", 5, "a&amp;b"), (7, 5, "7")],
)
def test_safe_escapes_and_shortens(text, limit, expected):
    """What is shortened is cut before it is escaped."""
    assert safe(text, limit) == expected


def test_hover_names_of_very_many_networks_are_short():
    """Above 800 networks their keys stand for them."""
    few = pd.DataFrame({"name": ["a network"], "key": ["0123456789"]})
    many = pd.concat([few] * (theme.MAX_NAMED + 1))

    assert hover_names(few) == ["a network"]
    assert set(hover_names(many)) == {"012345"}


def test_add_contestant_draws_the_interval_around_the_mean():
    """The bars reach from the lower to the upper end."""
    row = {
        "chosen": True,
        "is_baseline": False,
        "cv_mean": 0.8,
        "ci_low": 0.7,
        "ci_high": 0.95,
    }
    figure = new_figure()
    add_contestant(figure, row, x="a", name="chosen", showlegend=True, hover="")
    (point,) = figure.data

    assert point.error_y.array[0] == pytest.approx(0.15)
    assert point.error_y.arrayminus[0] == pytest.approx(0.1)
    assert point.marker.color == WINNER


def test_label_axis_writes_percent_only_where_asked():
    """A title alone leaves the numbers as they are."""
    figure = new_figure()
    label_axis(figure, "x", "epoch")
    label_axis(figure, "y", "accuracy", percent_digits=1)

    assert figure.layout.xaxis.title.text == "epoch"
    assert figure.layout.xaxis.tickformat is None
    assert figure.layout.yaxis.tickformat == ".1%"
