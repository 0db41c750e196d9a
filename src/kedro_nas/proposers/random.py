"""Random search: the anchors, then random draws without repetition."""

from __future__ import annotations

from typing import Any

from kedro_nas.seeds import generator
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.sampling import count_codes, enumerate_values
from kedro_nas.space.search_space import SearchSpace

# Spaces of at most so many codes are listed, which shows exactly when none is left.
LISTED_CODES = 5_000
# Larger spaces count as exhausted after so many draws in a row that repeat proposals.
REPEATS = 300


class RandomProposer:
    """Propose the anchors, then random architectures that fit, none twice.

    Args:
        space: The search space.
        seed: Root seed.
    """

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._proposed: list[str] = []
        self._known: set[str] = set()

    def ask(self) -> Architecture | None:
        """Return the next architecture, None if the space is exhausted."""
        architecture = self._next_anchor() or self._draw()
        if architecture is not None:
            self._proposed.append(architecture.key)
            self._known.add(architecture.key)
        return architecture

    def tell(self, architecture: Architecture, *, score: float, epochs: int) -> None:
        """Ignore the score: random search does not use it."""

    def get_state(self) -> dict[str, Any]:
        """Return the keys proposed so far, in order."""
        return {"proposed": list(self._proposed)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue after the proposals of a state."""
        self._proposed = list(state["proposed"])
        self._known = set(self._proposed)

    def _next_anchor(self) -> Architecture | None:
        for anchor in self._space.anchors:
            if anchor.key not in self._known:
                return anchor
        return None

    def _draw(self) -> Architecture | None:
        rng = generator(self._seed, "proposal", len(self._proposed))
        if count_codes(self._space.choices) <= LISTED_CODES:
            left = self._left()
            return left[int(rng.integers(len(left)))] if left else None
        for _ in range(REPEATS):
            architecture = self._space.sample(rng)
            if architecture.key not in self._known:
                return architecture
        return None

    def _left(self) -> list[Architecture]:
        fitting = {
            architecture.key: architecture
            for values in enumerate_values(self._space.choices)
            if self._space.is_feasible(architecture := self._space.decode(values))[0]
        }
        return [found for key, found in fitting.items() if key not in self._known]
