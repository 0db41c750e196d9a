"""The state of a started bracket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.search.ladder import Ladder, Limits
from kedro_nas.search.open_bracket import OpenBracket

LADDER = Ladder(1, 9, 3)  # 9, 3 and 1 networks, then 5 and 2


def started(
    number: int = 2,
    slots: int = 0,
    max_trials: int | None = None,
    max_epochs: int | None = None,
) -> OpenBracket:
    """Start a bracket of the ladder after so many places."""
    limits = Limits(None, max_trials, max_epochs)
    return OpenBracket(0, LADDER.bracket(number), slots, 0, limits)


def train(bracket: OpenBracket, rung: int, *names: str) -> None:
    """Put trials on a rung and end them."""
    for name in names:
        bracket.end(rung, bracket.put(rung, name))


def test_open_brackets_share_no_state() -> None:
    """What is promoted in one bracket is promoted in no other."""
    first, second = started(2), started(1)
    first.promoted[1] = ["a"]

    assert second.promoted == {}
    assert not second.is_exhausted


def test_open_bracket_is_complete_when_all_rungs_are_closed() -> None:
    """A rung is closed when it is whole and each of its trials has ended."""
    bracket = started(2)
    train(bracket, 0, *"abcdefgh")
    last = bracket.put(0, "i")
    assert not bracket.is_closed(0)

    bracket.end(0, last)
    bracket.promoted[1] = ["a", "b"]  # one of three places stays empty
    assert bracket.is_closed(0)
    assert bracket.next_promotion() == (1, "a")
    train(bracket, 1, "j", "k")
    assert not bracket.is_complete()

    bracket.promoted[2] = ["j"]
    train(bracket, 2, "l")
    assert bracket.next_promotion() is None
    assert bracket.is_complete()


@pytest.mark.parametrize(
    ("limits", "room"),
    [
        ({"max_trials": 11}, [9, 2, 0]),
        ({"max_trials": 3}, [3, 0, 0]),
        ({"max_epochs": 12}, [9, 1, 0]),
        ({"max_epochs": 14, "max_trials": 10}, [9, 1, 0]),
    ],
)
def test_open_bracket_takes_no_more_than_the_limits_allow(
    limits: dict[str, int], room: list[int]
) -> None:
    """Limits count the places of the rungs below as if all were used."""
    bracket = started(2, **limits)
    taken = [0, 0, 0]
    while bracket.has_room():
        taken[0] += 1
        train(bracket, 0, f"{taken[0]}")
    for rung, size in ((1, 3), (2, 1)):
        bracket.promoted[rung] = ["x"] * size
        while bracket.next_promotion() == (rung, "x"):
            taken[rung] += 1
            train(bracket, rung, "y")

    assert taken == room


@given(ends=st.permutations(range(9)), short=st.integers(1, 9))
def test_settled_places_are_the_first_that_have_ended_or_stay_empty(
    ends: list[int], short: int
) -> None:
    """Whatever ends first; places that nothing can fill any more are settled."""
    bracket = started(2, slots=4)
    for number in range(short):
        bracket.put(0, f"{number}")
    bracket.is_exhausted = short < 9
    done: set[int] = set()
    for number in ends:
        if number < short:
            bracket.end(0, number)
            done.add(number)
        gap = min(set(range(10)) - done)
        assert bracket.settled_places() == (gap if gap < short else 9)

    bracket.promoted[1] = []
    bracket.promoted[2] = []
    assert bracket.settled_places() == bracket.bracket.n_trials == 13
    assert bracket.position(1, 2) == 4 + 9 + 2
