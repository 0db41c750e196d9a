"""The state of a bracket that has been started."""

from __future__ import annotations

from dataclasses import dataclass, field

from kedro_nas.search.ladder import Bracket, Limits


@dataclass(eq=False)  # two are never the same
class OpenBracket:
    """The state of a bracket of one iteration.

    Attributes:
        iteration: Pass over all brackets.
        bracket: Its sizes and epochs.
        slots: Number of places in the brackets before it.
        slot_epochs: Epochs of these places.
        limits: Of the search, counted in places: how full the rungs may become does not
            depend on the number of workers.
        rungs: Trial ids of each rung, in the order of their places.
        promoted: Trials of the rung below that are promoted to a rung, once that is
            known.
        is_exhausted: Whether no more networks are proposed for rung 0.
    """

    iteration: int
    bracket: Bracket
    slots: int
    slot_epochs: int
    limits: Limits
    rungs: list[list[str]] = field(init=False)
    promoted: dict[int, list[str]] = field(default_factory=dict)
    is_exhausted: bool = False

    def __post_init__(self) -> None:
        n_rungs = len(self.bracket.rungs)
        self.rungs = [[] for _ in range(n_rungs)]
        self._ended: list[list[bool]] = [[] for _ in range(n_rungs)]
        self._n_ended = [0] * n_rungs
        self._room = self._rooms()
        self._settled = 0  # places of the rungs before the one below
        self._rung = self._number = 0  # the first place that is not known to be settled

    def _rooms(self) -> list[int]:
        """Return how many places of each rung are within the limits."""
        trials, epochs, rooms = self.slots, self.slot_epochs, []
        for rung in self.bracket.rungs:
            room = rung.size
            if self.limits.max_trials is not None:
                room = min(room, self.limits.max_trials - trials)
            if self.limits.max_epochs_total is not None:
                left = self.limits.max_epochs_total - epochs
                room = min(room, left // rung.epochs_each)
            rooms.append(max(0, room))
            trials += rung.size
            epochs += rung.epochs_trained
        return rooms

    def put(self, rung: int, trial_id: str) -> int:
        """Add a trial to a rung and return the number of its place there."""
        self.rungs[rung].append(trial_id)
        self._ended[rung].append(False)
        return len(self.rungs[rung]) - 1

    def end(self, rung: int, number: int) -> None:
        """Note that the trial of a place has ended."""
        self._ended[rung][number] = True
        self._n_ended[rung] += 1

    def has_room(self) -> bool:
        """Return whether rung 0 takes another network."""
        return not self.is_exhausted and len(self.rungs[0]) < self._room[0]

    def next_promotion(self) -> tuple[int, str] | None:
        """Return the rung and the parent of the next promotion, if one is known."""
        for rung, promoted in self.promoted.items():
            done = len(self.rungs[rung])
            if done < min(len(promoted), self._room[rung]):
                return rung, promoted[done]
        return None

    def is_closed(self, rung: int) -> bool:
        """Return whether a rung gets no more trials and all it has have ended."""
        members = self.rungs[rung]
        if rung == 0:
            whole = not self.has_room()
        else:
            known = self.promoted.get(rung)
            whole = known is not None and len(members) == len(known)
        return whole and self._n_ended[rung] == len(members)

    def is_complete(self) -> bool:
        """Return whether nothing of it is left to do."""
        return self.is_closed(len(self.rungs) - 1)

    def position(self, rung: int, number: int) -> int:
        """Return the number of places of the search before a place, used or not."""
        below = self.bracket.rungs[:rung]
        return self.slots + sum(one.size for one in below) + number

    def settled_places(self) -> int:
        """Return how many of its first places have ended or stay empty.

        Each place is looked at once, over all calls together.
        """
        while self._rung < len(self.rungs):
            ended, size = self._ended[self._rung], self.bracket.rungs[self._rung].size
            while self._number < len(ended) and ended[self._number]:
                self._number += 1
            if self._number < size and not self.is_closed(self._rung):
                break
            self._settled += size
            self._rung, self._number = self._rung + 1, 0
        return self._settled + self._number
