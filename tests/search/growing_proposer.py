"""A proposer whose networks are each a wider form of the one before."""

from __future__ import annotations

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import Bounds
from kedro_nas.space.search_space import SearchSpace


class GrowingProposer:
    """Widens the last stage of candidate 0 from the narrowest width on."""

    learns = False

    def __init__(self, space: SearchSpace, seed: int) -> None:
        values = dict(space.encode(space.anchors[0]))
        name = f"stage{values['n_stages']}_width"
        widths = sorted(space.choices[name])  # type: ignore[type-var]
        self._left = [space.decode({**values, name: width}) for width in widths]

    def ask(self, limits: Bounds) -> Architecture | None:
        return self._left.pop(0) if self._left else None

    def repeat(self, architecture: Architecture) -> None:
        self._left.remove(architecture)

    def tell(self, outcome: ProposalOutcome[Architecture]) -> None:
        pass
