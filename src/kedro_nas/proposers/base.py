"""What chooses the next architecture: ask for one, tell how it did."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from kedro_nas.space.architecture import Architecture


@runtime_checkable
class Proposer(Protocol):
    """A chooser of architectures, the same sequence for the same seed and scores.

    Promises: every proposal fits the bounds; none is proposed twice; the i-th depends
    only on the seed, on i and on what was asked and told before; the state is plain
    JSON, from which another process goes on as if nothing had happened.
    """

    def ask(self) -> Architecture | None:
        """Propose a network and recipe not proposed before; None when none is left."""
        ...

    def tell(self, architecture: Architecture, *, score: float, epochs: int) -> None:
        """Learn the score of a proposal.

        Args:
            architecture: What was proposed.
            score: The objective in [0, 1], larger is better.
            epochs: Epochs it was trained for.
        """
        ...

    def get_state(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        ...

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a state of `get_state`, same space and seed."""
        ...
