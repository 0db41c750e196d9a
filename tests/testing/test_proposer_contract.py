"""Every proposer keeps the contract."""

from __future__ import annotations

from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.evolution import EvolutionProposer
from kedro_nas.proposers.portfolio_surrogate import PortfolioSurrogateProposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.testing import ProposerContract


class TestRandomProposer(ProposerContract):
    """Chance."""

    def make(self, space: SearchSpace, seed: int) -> Proposer:
        """Make a fresh proposer."""
        return RandomProposer(space, seed)


class TestEvolutionProposer(ProposerContract):
    """Regularised evolution."""

    def make(self, space: SearchSpace, seed: int) -> Proposer:
        """Make a fresh proposer."""
        return EvolutionProposer(space, seed)


class TestPortfolioSurrogateProposer(ProposerContract):
    """The model of scores."""

    def make(self, space: SearchSpace, seed: int) -> Proposer:
        """Make a fresh proposer."""
        return PortfolioSurrogateProposer(space, seed)
