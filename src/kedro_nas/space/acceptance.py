"""How many random draws of a search space keep its bounds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Acceptance(BaseModel):
    """How many random draws fit at once, and how many after repair.

    A search draws again in place of those that cannot be repaired.

    Attributes:
        drawn: Number of draws.
        accepted: Draws that fit as drawn.
        repaired: Draws that fit after repair.
        rejected: Draws that exceed a bound as drawn, by bound; a draw may exceed
            several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    drawn: int = 0
    accepted: int = 0
    repaired: int = 0
    rejected: dict[str, int] = {}
