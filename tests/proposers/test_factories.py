"""Proposers are found by name, ours and those of other packages."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.factories import PROPOSERS, find_proposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.testing.proposer_contract import make_space


@pytest.fixture(autouse=True)
def _their_proposers(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("their_proposers")
    module.Theirs = type("Theirs", (RandomProposer,), {})  # type: ignore[attr-defined]
    module.half = lambda space, _: space  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.parametrize("name", ["random", "their_proposers:Theirs"])
def test_find_proposer_makes_one_for_a_space_and_a_seed(name: str) -> None:
    """The same seed gives the same first draws, by whichever name it was found."""
    space = make_space()
    first, second = find_proposer(name)(space, 3), RandomProposer(space, 3)
    n_proposals = len(space.anchors) + 3

    assert type(first).__name__ in {"RandomProposer", "Theirs"}
    assert [first.ask(space.bounds) for _ in range(n_proposals)] == [
        second.ask(space.bounds) for _ in range(n_proposals)
    ]


@pytest.mark.parametrize("name", PROPOSERS)
def test_find_proposer_makes_each_built_in_one(name: str) -> None:
    """The names that the options document stand for proposers."""
    assert isinstance(find_proposer(name)(make_space(), 0), Proposer)


def test_find_proposer_that_makes_something_else_is_refused() -> None:
    """What cannot be asked and told is no proposer."""
    make = find_proposer("their_proposers:half")

    with pytest.raises(ParameterError, match="without ask, learns, repeat, tell"):
        make(make_space(), 0)


def test_find_proposer_of_an_unknown_name_suggests_the_closest() -> None:
    """A misspelt name gets a hint, and the ways there are."""
    with pytest.raises(ParameterError, match="Did you mean 'random'") as caught:
        find_proposer("randum")

    assert "kedro_nas.proposers" in str(caught.value)
