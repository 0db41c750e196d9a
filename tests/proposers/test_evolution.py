"""Regularised evolution."""

from __future__ import annotations

import numpy as np
from tests.proposers.lattice import Lattice, outcome_of, score_of

from kedro_nas.proposers.evolution import POPULATION, EvolutionProposer
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.space.bounds import Bounds


def _best_of_last(make: type, seed: int) -> float:
    proposer = make(Lattice(), seed)
    for _ in range(100):
        point = proposer.ask(Bounds())
        proposer.tell(outcome_of(point))
    return score_of(point)


def test_evolution_proposes_better_candidates_than_chance() -> None:
    """After 100 proposals its last one scores clearly higher, over ten seeds."""
    evolved = [_best_of_last(EvolutionProposer, seed) for seed in range(10)]
    drawn = [_best_of_last(RandomProposer, seed) for seed in range(10)]

    assert np.mean(evolved) > np.mean(drawn) + 0.05


def test_evolution_changes_one_choice_of_a_recent_network() -> None:
    """With a full population each proposal is one change away from one alive."""
    proposer = EvolutionProposer(Lattice(), 0)
    told = []
    for _ in range(POPULATION):
        told.append(proposer.ask(Bounds()))
        proposer.tell(outcome_of(told[-1]))
    child = proposer.ask(Bounds())

    assert (
        min(sum(a != b for a, b in zip(child, one, strict=True)) for one in told) == 1
    )


def test_evolution_ignores_failures() -> None:
    """A network that failed has no children."""
    proposer = EvolutionProposer(Lattice(), 0)
    failed = set()
    for _ in range(2 * POPULATION):
        point = proposer.ask(Bounds())
        if sum(point) > 6:
            failed.add(point)
            proposer.tell(ProposalOutcome(point, None, "out of memory"))
        else:
            proposer.tell(outcome_of(point))
    alive = {point for point, _ in proposer._alive()}

    assert failed
    assert alive
    assert not failed & alive
