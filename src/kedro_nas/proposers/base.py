"""Protocol of proposers: ask for an architecture, tell its score."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from kedro_nas.space.architecture import Architecture


@runtime_checkable
class Proposer(Protocol):
    """Proposes architectures; the same seed and scores give the same sequence.

    Every proposal fits the bounds, and none is made twice. The i-th depends only on the
    seed, on i, and on earlier proposals and scores. The state consists of JSON values,
    from which another process continues with the same proposals.
    """

    def ask(self) -> Architecture | None:
        """Return an architecture not proposed before; None if there is none left."""
        ...

    def tell(self, architecture: Architecture, *, score: float, epochs: int) -> None:
        """Use the score of a proposal.

        Args:
            architecture: The proposal.
            score: The objective in [0, 1]; larger is better.
            epochs: Epochs it was trained for.
        """
        ...

    def get_state(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        ...

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from a state of `get_state`, with the same space and seed."""
        ...
