"""Hundreds of brackets at a time, none looked at in vain."""

from __future__ import annotations

from kedro_nas.search.bracket_queue import BracketQueue
from kedro_nas.search.ladder import Ladder, Limits
from kedro_nas.search.open_bracket import OpenBracket
from kedro_nas.search.trial_schedule import Place

LADDER = Ladder(1, 3, 3)  # one bracket of 3 networks and 1
SIZE = LADDER.n_trials


def queue_of(n_brackets: int) -> tuple[BracketQueue, list[OpenBracket]]:
    """Start brackets whose first rung is full."""
    queue, brackets = BracketQueue(), []
    for iteration in range(n_brackets):
        bracket = OpenBracket(
            iteration,
            LADDER.bracket(1),
            iteration * SIZE,
            0,
            Limits(None, None, None),
        )
        for number in range(LADDER.bracket(1).rungs[0].size):
            bracket.put(0, f"{iteration}-{number}")
        queue.start(bracket)
        brackets.append(bracket)
    return queue, brackets


def end_first_rung(bracket: OpenBracket, promoted: list[str]) -> None:
    """End all trials of the first rung and promote some."""
    for number in range(len(bracket.rungs[0])):
        bracket.end(0, number)
    bracket.promoted[1] = promoted


def test_promotable_is_the_first_bracket_with_an_open_promotion() -> None:
    """Earlier brackets go first, whichever became ready first."""
    queue, brackets = queue_of(4)
    assert queue.promotable() is None
    for number in (3, 1):
        end_first_rung(brackets[number], ["x"])
        queue.note(brackets[number])
        queue.note(brackets[number])

    assert queue.promotable() is brackets[1]
    brackets[1].put(1, "y")
    assert queue.promotable() is brackets[3]
    brackets[3].put(1, "y")
    assert queue.promotable() is None


def test_complete_brackets_are_given_once_and_forgotten() -> None:
    """One without promotions, and one whose last trial has ended, in that order."""
    queue, brackets = queue_of(3)
    end_first_rung(brackets[2], [])
    queue.note(brackets[2])
    end_first_rung(brackets[0], ["x"])
    queue.note(brackets[0])
    assert queue.take_complete() == [brackets[2]]

    brackets[0].end(1, brackets[0].put(1, "y"))
    queue.note(brackets[0])
    assert queue.take_complete() == [brackets[0]]
    assert queue.take_complete() == []
    assert queue.find(Place(1, 1, 0, 0)) is brackets[1]
    assert (0, 1) not in queue._open


def test_settled_places_go_on_over_brackets_that_ended_early() -> None:
    """The count stops at the first place that is open, and includes all behind it."""
    queue, brackets = queue_of(3)
    for number in (1, 2):
        end_first_rung(brackets[number], [])
        queue.note(brackets[number])
    queue.take_complete()
    assert queue.settled_places() == 0

    brackets[0].end(0, 0)
    assert queue.settled_places() == 1
    end_first_rung(brackets[0], [])
    assert queue.settled_places() == 3 * SIZE


def test_settled_places_stop_in_the_bracket_after_a_complete_one() -> None:
    """What is open there is counted when it ends, and not before."""
    queue, brackets = queue_of(3)
    for number in (0, 2):
        end_first_rung(brackets[number], [])
    assert queue.settled_places() == SIZE

    brackets[1].end(0, 0)
    assert queue.settled_places() == SIZE + 1
