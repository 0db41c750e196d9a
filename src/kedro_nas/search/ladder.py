"""How many networks a search trains, and for how long: brackets and their rungs.

One place for the arithmetic: the oracle follows it, the forecast counts with it. It is
that of KerasTuner's Hyperband, rounding included, with `min_epochs` of one's own.

Source: Li et al. (2018), Hyperband, JMLR 18; KerasTuner 1.4.8, `tuners/hyperband.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Rung:
    """One step of a bracket.

    Attributes:
        size: Networks trained on it, at most.
        epoch_start: Epochs they have been trained for before.
        epochs: Epochs they have been trained for at its end.
    """

    size: int
    epoch_start: int
    epochs: int

    @property
    def epochs_trained(self) -> int:
        """Epochs of all its networks together."""
        return self.size * (self.epochs - self.epoch_start)


@dataclass(frozen=True)
class Bracket:
    """Successive halving from one number of networks.

    Attributes:
        number: Rungs after the first; 0 trains its networks to the top at once.
        rungs: From the first to the top.
    """

    number: int
    rungs: tuple[Rung, ...]

    @property
    def n_trials(self) -> int:
        """Trials of all rungs."""
        return sum(rung.size for rung in self.rungs)

    @property
    def epochs_trained(self) -> int:
        """Epochs of all trials together."""
        return sum(rung.epochs_trained for rung in self.rungs)


@dataclass(frozen=True)
class Ladder:
    """All brackets of one pass of a search.

    Args:
        min_epochs: Epochs of the first rung of the longest bracket, at least 1.
        max_epochs: Epochs of the top rung, at least `min_epochs`.
        factor: One of so many networks is promoted, at least 2.

    >>> [[(r.size, r.epochs) for r in b.rungs] for b in Ladder(1, 9, 3).brackets]
    [[(9, 1), (3, 3), (1, 9)], [(5, 3), (2, 9)], [(3, 9)]]
    >>> Ladder(5, 45, 3).n_architectures, Ladder(5, 45, 3).epochs_trained
    (28, 620)
    """

    min_epochs: int
    max_epochs: int
    factor: int

    @property
    def n_brackets(self) -> int:
        """Number of brackets."""
        epochs, brackets = float(self.max_epochs), 0
        while epochs >= self.min_epochs:
            epochs /= self.factor
            brackets += 1
        return brackets

    def epochs_at(self, bracket: int, rung: int) -> int:
        """Return the cumulative epochs at the end of a rung."""
        scale: int = self.factor ** (bracket - rung)
        return math.ceil(self.max_epochs / scale)

    def size_of(self, bracket: int, rung: int) -> int:
        """Return how many networks a rung has room for."""
        smallest = math.ceil(1 + math.log(self.max_epochs, self.factor))
        scale: int = self.factor ** (bracket - rung)
        return math.ceil(smallest / (bracket + 1) * scale)

    def bracket(self, number: int) -> Bracket:
        """Return one bracket."""
        rungs = []
        start = 0
        for rung in range(number + 1):
            end = self.epochs_at(number, rung)
            rungs.append(Rung(self.size_of(number, rung), start, end))
            start = end
        return Bracket(number, tuple(rungs))

    @cached_property
    def brackets(self) -> tuple[Bracket, ...]:
        """All brackets in the order in which they are opened."""
        return tuple(self.bracket(n) for n in reversed(range(self.n_brackets)))

    @property
    def n_architectures(self) -> int:
        """Networks of one pass."""
        return sum(bracket.rungs[0].size for bracket in self.brackets)

    @property
    def n_trials(self) -> int:
        """Trials of one pass."""
        return sum(bracket.n_trials for bracket in self.brackets)

    @property
    def epochs_trained(self) -> int:
        """Epochs of one pass, all trials together."""
        return sum(bracket.epochs_trained for bracket in self.brackets)
