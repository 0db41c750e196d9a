"""The time budget of a search, and whether another trial fits in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median

LONGEST_WAIT_S = 0.5
MAX_BUILDS = 100  # the newest, so that their median takes no longer in a long search


class Budget:
    """The time budget of a search, over all its sessions.

    Args:
        seconds: Wall seconds of the search; None for no limit.
        clock: Returns the seconds the search has run.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._builds: deque[float] = deque(maxlen=MAX_BUILDS)

    def left_s(self) -> float | None:
        """Return the seconds left, at least 0; None for no limit."""
        if self._seconds is None:
            return None
        return max(0.0, self._seconds - self._clock())

    def is_over(self) -> bool:
        """Return whether the budget is used up."""
        return self.left_s() == 0.0

    def patience_s(self) -> float:
        """Return how long to wait for workers before checking the clock again."""
        left = self.left_s()
        return LONGEST_WAIT_S if left is None else min(LONGEST_WAIT_S, max(0.01, left))

    def note_build(self, seconds: float) -> None:
        """Record how long a network took to build; 0 means that it was reused."""
        if seconds > 0:
            self._builds.append(seconds)

    def has_time_for_trial(self) -> bool:
        """Return whether a trial started now would have time to train.

        Building and tracing a network cannot be interrupted: started in the last
        seconds it would end after the budget, without any training.
        """
        left = self.left_s()
        return left is None or not self._builds or left > median(self._builds)
