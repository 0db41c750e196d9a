"""What all built-in proposers share."""

from __future__ import annotations

from typing import Any

import pytest
from tests.proposers.lattice import FewPoints, Lattice, outcome_of

from kedro_nas.proposers.evolution import EvolutionProposer
from kedro_nas.proposers.portfolio_surrogate import PortfolioSurrogateProposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.space.bounds import Bounds

ALL = [RandomProposer, EvolutionProposer, PortfolioSurrogateProposer]


@pytest.mark.parametrize("make", ALL)
def test_ask_proposes_starts_first_and_nothing_twice(make: Any) -> None:
    """Starts keep their order; a start that is listed twice is proposed once."""
    starts = [(2,) * 6, (1,) * 6, (2,) * 6]
    proposer = make(Lattice(starts=starts), 0)
    asked = []
    for _ in range(60):
        asked.append(proposer.ask(Bounds()))
        proposer.tell(outcome_of(asked[-1]))

    assert asked[:2] == [(2,) * 6, (1,) * 6]
    assert len(set(asked)) == 60


@pytest.mark.parametrize("make", ALL)
def test_ask_of_an_exhausted_space_returns_none(make: Any) -> None:
    """All of four points are proposed, then nothing."""
    proposer = make(FewPoints(), 1)
    asked = [proposer.ask(Bounds()) for _ in range(4)]

    assert set(asked) == set(FewPoints().list_all() or [])
    assert proposer.ask(Bounds()) is None


@pytest.mark.parametrize("make", ALL)
def test_ask_follows_limits_that_change(make: Any) -> None:
    """A machine that turns out to be slower gets smaller candidates from then on."""
    proposer = make(Lattice(), 2)
    for _ in range(12):
        proposer.tell(outcome_of(proposer.ask(Bounds())))
    asked = [proposer.ask(Bounds(max_macs=4)) for _ in range(12)]

    assert all(sum(one) <= 4 for one in asked)
