"""Chooses the trained network whose function a new one starts with."""

from __future__ import annotations

from dataclasses import dataclass

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.growing_graph import GrowthError
from kedro_nas.space.growth import may_grow, plan_growth
from kedro_nas.training.tasks import Ancestor

MOST_ANCESTORS = 32  # best networks that another one may be grown from


@dataclass(frozen=True)
class _Trained:
    """A trained network and its score."""

    score: float
    ancestor: Ancestor


class Ancestry:
    """The best networks trained so far, and which of them others were grown from.

    It is told the outcomes that a proposer is told, in the same order, so its choice
    does not depend on the number of workers.

    Args:
        is_on: Whether networks inherit; otherwise none has an ancestor.
    """

    def __init__(self, *, is_on: bool = False) -> None:
        self.is_on = is_on
        self._best: list[_Trained] = []
        self._chosen: dict[str, Ancestor] = {}

    def add(self, outcome: ProposalOutcome[Architecture]) -> None:
        """Note how a training ended; one that failed is no ancestor."""
        if not self.is_on or outcome.score is None:
            return
        architecture = outcome.architecture
        trained = Ancestor(
            task_id=outcome.trial,
            architecture=architecture,
            epochs=len(outcome.curve) or outcome.epochs,
            ancestor=self._chosen.get(architecture.key),
        )
        others = [
            one for one in self._best if one.ancestor.architecture != architecture
        ]
        others.append(_Trained(outcome.score, trained))
        others.sort(key=lambda one: -one.score)  # stable: of equal ones the earlier
        self._best = others[:MOST_ANCESTORS]

    def choose(self, architecture: Architecture) -> Ancestor | None:
        """Return the best network that an architecture is a growth of, if any."""
        for one in self._best:
            if not may_grow(one.ancestor.architecture, architecture):
                continue
            try:
                plan_growth(one.ancestor.architecture, architecture)
            except GrowthError:
                continue
            self._chosen[architecture.key] = one.ancestor
            return one.ancestor
        return None
