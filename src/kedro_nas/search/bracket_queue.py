"""The brackets that have been started, in their order, until nothing of them is left.

With a thousand workers hundreds of brackets are under way. So that the driver keeps up,
what comes next and what may be forgotten is found without looking at each of them.
"""

from __future__ import annotations

import heapq
from collections import deque

from kedro_nas.search.open_bracket import OpenBracket
from kedro_nas.search.trial_schedule import Place


class BracketQueue:
    """The brackets of a search from the first that is not complete to the newest.

    Attributes:
        newest: The bracket that was started last.
    """

    newest: OpenBracket

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], OpenBracket] = {}
        self._unsettled: deque[OpenBracket] = deque()
        self._promotable: list[int] = []  # a heap of `slots`
        self._by_slots: dict[int, OpenBracket] = {}  # of the brackets in the heap
        self._complete: list[OpenBracket] = []

    def start(self, bracket: OpenBracket) -> None:
        """Add the next bracket."""
        self.newest = bracket
        self._open[bracket.iteration, bracket.bracket.number] = bracket
        self._unsettled.append(bracket)

    def find(self, place: Place) -> OpenBracket:
        """Return the bracket of a place; it must not be forgotten yet."""
        return self._open[place.iteration, place.bracket]

    def note(self, bracket: OpenBracket) -> None:
        """Take notice that a bracket has new promotions, or has become complete."""
        if bracket.next_promotion() is not None:
            if bracket.slots not in self._by_slots:
                self._by_slots[bracket.slots] = bracket
                heapq.heappush(self._promotable, bracket.slots)
        elif bracket.is_complete() and bracket not in self._complete:
            self._complete.append(bracket)

    def promotable(self) -> OpenBracket | None:
        """Return the first bracket with a promotion that no trial has begun."""
        while self._promotable:
            bracket = self._by_slots[self._promotable[0]]
            if bracket.next_promotion() is not None:
                return bracket
            del self._by_slots[heapq.heappop(self._promotable)]
        return None

    def settled_places(self) -> int:
        """Return how many of the first places of the search have ended or stay empty.

        Only places of brackets that have been started count.
        """
        while self._unsettled:
            first = self._unsettled[0]
            settled = first.settled_places()
            if settled < first.bracket.n_trials:
                return first.slots + settled
            self._unsettled.popleft()
        return self.newest.slots + self.newest.bracket.n_trials

    def take_complete(self) -> list[OpenBracket]:
        """Return the brackets completed since the last call, and forget them."""
        self.settled_places()  # drops complete brackets from the deque
        taken, self._complete = self._complete, []
        for bracket in taken:
            del self._open[bracket.iteration, bracket.bracket.number]
        return taken
