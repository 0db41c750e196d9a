"""The protocol of proposers: ask, repeat, tell."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.evolution import EvolutionProposer
from kedro_nas.proposers.portfolio_surrogate import PortfolioSurrogateProposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.testing.proposer_contract import make_space


class OneAnchor:
    """A proposer of another package: the first anchor, then nothing."""

    learns = False

    def __init__(self, space: Any, seed: int) -> None:
        self._left = list(space.anchors[:1])

    def ask(self, limits: Any) -> Any:
        """Propose the next anchor."""
        return self._left.pop() if self._left else None

    def repeat(self, architecture: Any) -> None:
        """Take the anchor as proposed."""
        self._left.pop()

    def tell(self, outcome: Any) -> None:
        """Ignore the outcome."""


@pytest.mark.parametrize(
    "make", [RandomProposer, EvolutionProposer, PortfolioSurrogateProposer, OneAnchor]
)
def test_proposer_is_recognised_by_its_methods(make: Any) -> None:
    """A proposer of a team needs no base class of ours."""
    assert isinstance(make(make_space(), 0), Proposer)


@pytest.mark.parametrize("missing", ["ask", "tell", "repeat", "learns"])
def test_class_without_one_of_the_members_is_no_proposer(missing: str) -> None:
    """What cannot be resumed or told of scores is refused before a search."""
    members = {
        name: value
        for name, value in vars(OneAnchor).items()
        if name != missing and not name.startswith("__")
    }

    assert not isinstance(type("Half", (), members)(), Proposer)
