"""The state of a bracket that has been started."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class OpenBracket:
    """The state of a bracket of one iteration.

    Attributes:
        iteration: Pass over all brackets.
        number: Of the bracket.
        rungs: Trial ids of each rung, in the order of their places.
        promoted: Trials of the rung below that are promoted to a rung, once that is
            known.
        slots: Number of places in the brackets before it.
        slot_epochs: Epochs of these places.
        is_exhausted: Whether the space ran out of networks for rung 0.
    """

    iteration: int
    number: int
    rungs: list[list[str]]
    slots: int
    slot_epochs: int
    promoted: dict[int, list[str]] = field(default_factory=dict)
    is_exhausted: bool = False
