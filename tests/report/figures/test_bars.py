"""Bars with their numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kedro_nas.accounting.time_spent import TimePart, TimeSpent
from kedro_nas.report.figures.bars import (
    MAX_CHOICES,
    draw_choice_importance,
    draw_time_spent,
)
from kedro_nas.report.figures.theme import OTHER, WINNER
from kedro_nas.report.importance import ChoiceImportance, Importance

NONE = Importance((), 0.0, 3, is_reliable=False, sentence="Too few.")


def test_draw_time_spent_leaves_out_parts_that_took_no_time():
    """A bar per part with seconds, in the order of the stages."""
    parts = (TimePart("A", "one", 3.0, 0.75), TimePart("B", "two", 0.0, 0.0),
             TimePart("C", "three", 1.0, 0.25))  # fmt: skip

    figure = draw_time_spent(TimeSpent(parts, 4.0, None, ()))

    assert list(figure.data[0].x) == [3.0, 1.0]


def test_draw_time_spent_highlights_training_to_the_last_rung():
    """The seconds that trained whole networks have the colour of the winner."""
    parts = (
        TimePart("Search", "training to the last rung", 60.0, 0.5),
        TimePart("Search", "validating", 60.0, 0.5),
    )

    figure = draw_time_spent(TimeSpent(parts, 120.0, 0.5, ()))

    assert list(figure.data[0].marker.color) == [WINNER, OTHER]
    assert [note.text for note in figure.layout.annotations] == [
        "Search: training to the last rung",
        "Search: validating",
    ]


def test_draw_time_spent_of_nothing_says_so():
    """A job that recorded no seconds has a sentence, not an empty axis."""
    figure = draw_time_spent(TimeSpent((), 0.0, None, ("Data",)))

    assert "No stage recorded" in figure.layout.annotations[0].text


@pytest.mark.parametrize(("is_reliable", "colour"), [(True, WINNER), (False, OTHER)])
def test_draw_choice_importance_is_grey_where_it_is_not_reliable(is_reliable, colour):
    """At most twelve choices, coloured only when the forest predicts."""
    choices = tuple(
        ChoiceImportance(f"choice {n}", 1 / (n + 1), 0.0, "") for n in range(20)
    )
    importance = replace(NONE, choices=choices, is_reliable=is_reliable)

    (bars,) = draw_choice_importance(importance).data

    assert len(bars.x) == MAX_CHOICES
    assert set(bars.marker.color) == {colour}


def test_draw_choice_importance_says_how_uncertain_it_is():
    """Beside each bar stands its standard deviation over the parts."""
    choice = ChoiceImportance("depth", 0.12, 0.04, "")

    (bars,) = draw_choice_importance(replace(NONE, choices=(choice,))).data

    assert bars.text[0].replace("\N{NARROW NO-BREAK SPACE}", " ").endswith("% ± 4")


def test_draw_choice_importance_of_too_few_networks_shows_the_sentence():
    """What the page says is in the figure, too."""
    assert draw_choice_importance(NONE).layout.annotations[0].text == "Too few."
