"""Sizes and epochs of the brackets and rungs of a search.

Both the oracle and the forecast use this arithmetic. It is that of KerasTuner's
Hyperband with two differences: sizes follow the number of brackets (KerasTuner's follow
`max_epochs` alone, so that rungs of 5, 15 and 45 epochs have 15, 5 and 2 networks
instead of 9, 3 and 1), and the bracket that trains networks to the top rung without a
comparison is omitted.

Source: Li et al. (2018), Hyperband, JMLR 18.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count

from kedro_nas.parameters.search import SearchOptions
from kedro_nas.space.search_space import SearchSpace

MOST_RUNGS = 5  # 1, 3, 9, 27 and 81 times the epochs of rung 0
DRAWN_COST = 1.5  # mean cost of an epoch of a sampled network relative to candidate 0


@dataclass(frozen=True)
class Limits:
    """Limits on the counts of a search, beside its seconds; None for no limit.

    Attributes:
        iterations: Passes over all brackets.
        max_trials: Trials, a trial being one rung of one network.
        max_epochs_total: Epochs of all trials together.
    """

    iterations: int | None
    max_trials: int | None
    max_epochs_total: int | None


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
    def epochs_each(self) -> int:
        """Epochs each of its networks is trained for on this rung."""
        return self.epochs - self.epoch_start

    @property
    def epochs_trained(self) -> int:
        """Epochs of all its networks together."""
        return self.size * self.epochs_each


@dataclass(frozen=True)
class Bracket:
    """One run of successive halving.

    Attributes:
        number: Number of rungs after the first; 0 trains its networks to the top at
            once.
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
        factor: Reduction factor: one of `factor` networks is promoted, at least 2.
        is_single: Whether only the bracket with the most rungs is used.
        n_immune: Networks of the first bracket that are always promoted; its rungs have
            at least one place more.

    >>> [[(r.size, r.epochs) for r in b.rungs] for b in Ladder(1, 9, 3).brackets]
    [[(9, 1), (3, 3), (1, 9)], [(5, 3), (2, 9)]]
    >>> [[(r.size, r.epochs) for r in b.rungs] for b in Ladder(5, 45, 3).brackets]
    [[(9, 5), (3, 15), (1, 45)], [(5, 15), (2, 45)]]
    >>> Ladder(1, 9, 3, is_single=True).n_architectures
    9
    """

    min_epochs: int
    max_epochs: int
    factor: int
    is_single: bool = False
    n_immune: int = 0

    @cached_property
    def n_brackets(self) -> int:
        """Number of brackets, including the one without halvings."""
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
        scale: int = self.factor ** (bracket - rung)
        size = math.ceil(self.n_brackets / (bracket + 1) * scale)
        if self.n_immune and rung and bracket == self.n_brackets - 1:
            return max(size, self.n_immune + 1)
        return size

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the brackets in use, in the order in which they start.

        Bracket 0, which compares networks only on the top rung, is used only if it is
        the only one.
        """
        numbers = tuple(reversed(range(self.n_brackets)))
        if self.is_single:
            return numbers[:1]
        return numbers[:-1] or numbers

    def bracket(self, number: int) -> Bracket:
        """Return the bracket of that number, 0 to `n_brackets - 1`."""
        return self.brackets[self.numbers.index(number)]

    def _make_bracket(self, number: int) -> Bracket:
        rungs = []
        start = 0
        for rung in range(number + 1):
            end = self.epochs_at(number, rung)
            rungs.append(Rung(self.size_of(number, rung), start, end))
            start = end
        return Bracket(number, tuple(rungs))

    @cached_property
    def brackets(self) -> tuple[Bracket, ...]:
        """All brackets in the order in which they start."""
        return tuple(self._make_bracket(number) for number in self.numbers)

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

    def trials_within(self, limits: Limits) -> int | None:
        """Return the number of trials of a search without failures, None if endless.

        Args:
            limits: Limits, of which at least one is set if the search is to end.

        >>> ladder = Ladder(1, 9, 3)
        >>> ladder.trials_within(Limits(iterations=2, max_trials=None,
        ...                             max_epochs_total=None))
        40
        >>> ladder.trials_within(Limits(iterations=None, max_trials=None,
        ...                             max_epochs_total=16))
        12
        """
        if limits == Limits(None, None, None):
            return None
        trials, epochs = 0, 0
        for rung in self._rungs(limits.iterations):
            room = rung.size
            if limits.max_trials is not None:
                room = min(room, limits.max_trials - trials)
            if limits.max_epochs_total is not None:
                left = limits.max_epochs_total - epochs
                room = min(room, left // rung.epochs_each)
            trials += room
            epochs += room * rung.epochs_each
            if room < rung.size:
                break
        return trials

    def _rungs(self, iterations: int | None) -> Iterator[Rung]:
        """Yield the rungs in the order in which their places are counted."""
        for _ in count() if iterations is None else range(iterations):
            for bracket in self.brackets:
                yield from bracket.rungs


def make_ladder(
    options: SearchOptions,
    space: SearchSpace,
    n_train: int,
    *,
    affordable_epochs: float | None = None,
    n_immune: int = 0,
) -> Ladder:
    """Return the ladder of a search.

    Args:
        options: Of the search.
        space: Search space; its anchors give the batch size that defines a step.
        n_train: Training images.
        affordable_epochs: Epochs of candidate 0 that the search has seconds for, on all
            workers together; None where it is not limited by seconds. If there are few,
            a single bracket with as many rungs as they allow is used.
        n_immune: Networks that are always promoted.
    """
    batch = max(anchor.recipe.batch_size for anchor in space.anchors)
    steps = max(1, n_train // batch)
    first, top = options.rung_epochs(steps)
    ladder = Ladder(first, top, options.factor, n_immune=n_immune)
    if affordable_epochs is None:
        return ladder
    if options.max_epochs == "auto":
        for rungs in (MOST_RUNGS, MOST_RUNGS - 1):
            longer = replace(ladder, max_epochs=first * options.factor ** (rungs - 1))
            single = replace(longer, is_single=True)
            if single.epochs_trained * DRAWN_COST <= affordable_epochs:
                ladder = longer
                break
    is_single = ladder.epochs_trained * DRAWN_COST > affordable_epochs
    return replace(ladder, is_single=is_single)


def make_limits(options: SearchOptions, mode: str) -> Limits:
    """Return the limits of a search.

    Small data is searched once through all brackets, unless `iterations` is given:
    with more candidates the best validation score would only overfit the noise.

    Args:
        options: Of the search.
        mode: `mode` of the data's verdict.
    """
    once = 1 if mode == "small_data" else None
    return Limits(
        iterations=options.iterations or once,
        max_trials=options.max_trials,
        max_epochs_total=options.max_epochs_total,
    )
