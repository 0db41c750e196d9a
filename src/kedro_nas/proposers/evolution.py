"""Regularised evolution: mutate the best of a few recent networks.

Source: Real et al. (2019), Regularized Evolution for Image Classifier Architecture
Search, https://arxiv.org/abs/1802.01548.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from kedro_nas.proposers.fidelity import level_targets, target_of
from kedro_nas.proposers.unrepeated import UnrepeatedProposer

CandidateT = TypeVar("CandidateT")

# Networks alive at a time; the oldest dies. The paper has 100 of 20,000; 10 to 20 suit
# the tens of networks of a search on one machine.
POPULATION = 20
TOURNAMENT = 5  # networks of which the best is changed; a quarter, as in the paper
MUTATIONS = 50  # tried before a random draw replaces them


class EvolutionProposer(UnrepeatedProposer[CandidateT]):
    """Propose the anchors and random candidates, then mutations.

    Scores of different numbers of epochs are compared after the mean gain between them
    is removed (`proposers.fidelity`).

    Args:
        space: The search space, or any other space of candidates.
        seed: Root seed.
    """

    def _choose(self, rng: np.random.Generator) -> CandidateT | None:
        alive = self._alive()
        if len(alive) < POPULATION:
            return self._draw(rng)
        contestants = rng.choice(len(alive), TOURNAMENT, replace=False)
        parent = max((alive[place] for place in contestants), key=lambda one: one[1])[0]
        for _ in range(MUTATIONS):
            mutant = self._space.mutate(parent, 1, rng)
            if mutant is not None and self._is_new(mutant):
                return mutant
        return self._draw(rng)

    def _alive(self) -> list[tuple[CandidateT, float]]:
        """Return the newest networks, each with its score after most epochs."""
        scored = [one for one in self._outcomes if one.score is not None]
        keys = [self._space.key(one.architecture) for one in scored]
        targets = level_targets(
            keys,
            [one.epochs for one in scored],
            [target_of(one.score) for one in scored if one.score is not None],
        )
        newest: dict[str, tuple[CandidateT, float]] = {}
        for key, one, target in zip(keys, scored, targets, strict=True):
            newest[key] = (one.architecture, float(target))
        return list(newest.values())[-POPULATION:]
