"""Proposers by name: built in, of an installed package, or custom."""

from __future__ import annotations

from collections.abc import Callable

from kedro_nas.custom_code import check_protocol, find_custom
from kedro_nas.errors import ParameterError
from kedro_nas.proposers.base import Proposer
from kedro_nas.space.search_space import SearchSpace

PROPOSERS = {
    "portfolio_surrogate": "kedro_nas.proposers.portfolio_surrogate"
    ":PortfolioSurrogateProposer",
    "evolution": "kedro_nas.proposers.evolution:EvolutionProposer",
    "random": "kedro_nas.proposers.random:RandomProposer",
}
PROPOSER_GROUP = "kedro_nas.proposers"

ProposerFactory = Callable[[SearchSpace, int], Proposer]


def find_proposer(name: str) -> ProposerFactory:
    """Return the function that makes a proposer for a search space and a root seed.

    Args:
        name: One of `PROPOSERS`, an entry point of the group `kedro_nas.proposers`, or
            `package.module:Class`; called as `Class(space, seed)`.

    Returns:
        A factory, which raises `ParameterError` when what it makes lacks a method of
        `Proposer`.

    Raises:
        ParameterError: Nothing has this name, or it cannot be imported.

    >>> find_proposer("randm")
    Traceback (most recent call last):
    kedro_nas.errors.ParameterError: there is no proposer 'randm'. ...
    """
    make = find_custom(
        name, PROPOSERS, what="proposer", error=ParameterError, group=PROPOSER_GROUP
    )

    def make_checked(space: SearchSpace, seed: int) -> Proposer:
        proposer: Proposer = make(space, seed)
        check_protocol(
            proposer, Proposer, path=name, what="proposer", error=ParameterError
        )
        return proposer

    return make_checked
