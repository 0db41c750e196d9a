"""Numbers stay with their units."""

from __future__ import annotations

import pytest

from kedro_nas.number_text import duration
from kedro_nas.report.typesetting import FILTERS, percent, typeset


@pytest.mark.parametrize(
    "text", ["9 %", "3 s", "5 min", "2 h", "1.5 points", "p = 0.01", "p < 0.001"]
)
def test_typeset_leaves_no_space_to_break_at(text):
    """A number, its unit and its sign are on one line."""
    assert " " not in typeset(text)
    assert typeset(text).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize("text", ["3 sets of 5 heads", "the p of it", "9 networks"])
def test_typeset_leaves_other_spaces_alone(text):
    """Words after a number are no units."""
    assert typeset(text) == text


def test_percent_of_nothing_is_a_dash():
    """A missing share is not 0 %."""
    assert percent(None) == percent(float("nan")) == "—"
    assert percent(0.5, 0) == "50\N{NO-BREAK SPACE}%"


def test_filters_write_as_the_rest_of_the_package_does():
    """Page, log and commands show a number alike."""
    assert FILTERS["duration"](75) == duration(75)
