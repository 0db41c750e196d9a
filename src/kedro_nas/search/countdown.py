"""The wall seconds of a search: what is left, and whether another trial pays."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

LONGEST_WAIT_S = 0.5


class Budget:
    """Counts down the seconds of a search, all sessions together.

    Args:
        seconds: What it may take; None for no limit.
        clock: Gives the seconds it has worked.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._builds: list[float] = []

    def left_s(self) -> float | None:
        """Return the seconds left, at least 0; None for no limit."""
        if self._seconds is None:
            return None
        return max(0.0, self._seconds - self._clock())

    def is_over(self) -> bool:
        """Return whether the budget is used up."""
        return self.left_s() == 0.0

    def patience_s(self) -> float:
        """Return how long to wait for workers before the clock is looked at again."""
        left = self.left_s()
        return LONGEST_WAIT_S if left is None else min(LONGEST_WAIT_S, max(0.01, left))

    def note_build(self, seconds: float) -> None:
        """Remember how long a network took to build; 0 means it was still alive."""
        if seconds > 0:
            self._builds.append(seconds)

    def pays_another(self) -> bool:
        """Return whether a trial begun now would train at all.

        Building and tracing a network cannot be interrupted: begun within the last
        seconds it ends after the budget, and nothing was trained.
        """
        left = self.left_s()
        return left is None or not self._builds or left > median(self._builds)
