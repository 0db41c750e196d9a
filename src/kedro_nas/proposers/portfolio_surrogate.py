"""Proven starts, then the candidates that a model of the scores expects most of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kedro_nas.proposers.candidate_space import CandidateSpace, Description
from kedro_nas.proposers.fidelity import level_targets, target_of
from kedro_nas.proposers.kernel import CandidateRows, Kernel, RowMaker
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.proposers.surrogate import Surrogate, choose_kernel
from kedro_nas.proposers.unrepeated import UnrepeatedProposer
from kedro_nas.seeds import generator
from kedro_nas.space.bounds import Bounds
from kedro_nas.space.search_space import SearchSpace

CandidateT = TypeVar("CandidateT")

# Networks that have ended, from which on the model chooses; before, the hedge draws.
FIRST_OUTCOMES = 6
HEDGED_DRAWS = 30  # draws of which the hedge takes the one with most multiply-adds
RANDOM_SHARE = 0.05  # of the proposals after that, in case the model is wrong
PARENTS = 5  # best networks that are changed, and most promising candidates as well
MUTANTS = 16  # candidates that are one or two changes away from each of them
FRESH_DRAWS = 3  # candidates of the whole space made for a proposal ...
DRAWS_KEPT = 32  # ... and kept for so many proposals, as a draw takes two milliseconds
MOST_DESCRIBED = 20_000  # candidates whose numbers are remembered
REFERENCE = 20  # proposals whose draws give the spread of costs


class PortfolioSurrogateProposer(UnrepeatedProposer[CandidateT]):
    """Propose the anchors, a hedge, then by expected improvement.

    The hedge is alternately the network with the most multiply-adds of 30 draws and a
    plain draw: larger networks are often better, but not on every data set. Then a
    Gaussian process chooses among mutations of the best networks and draws of the whole
    space. It knows the costs of a candidate as features, and so learns from the scores
    whether larger is better here.

    Args:
        space: The search space, or any other space of candidates.
        seed: Root seed.
    """

    def __init__(
        self, space: SearchSpace | CandidateSpace[CandidateT], seed: int
    ) -> None:
        super().__init__(space, seed)
        self._known: dict[str, CandidateT] = {}  # proposals in their order, by key
        self._keys: list[str] = []  # of the outcomes
        self._told: list[Description] = []  # of the outcomes
        self._described: dict[str, Description] = {}
        self._forget_draws()

    def ask(self, limits: Bounds) -> CandidateT | None:
        """Return the next candidate, None if the space is exhausted."""
        if limits != self._limits:
            self._forget_draws()
        return super().ask(limits)

    def repeat(self, architecture: CandidateT) -> None:
        """Count a candidate as the next proposal, and as one under way."""
        super().repeat(architecture)
        self._known[self._space.key(architecture)] = architecture

    def tell(self, outcome: ProposalOutcome[CandidateT]) -> None:
        """Learn how a training ended; a failure is worse than any score."""
        super().tell(outcome)
        self._keys.append(self._space.key(outcome.architecture))
        self._told.append(self._describe(outcome.architecture))

    def _forget_draws(self) -> None:
        self._draws: dict[int, list[CandidateT]] = {}
        self._maker: RowMaker | None = None
        self._kernel: tuple[int, Kernel] | None = None  # and the outcomes it is from

    def _choose(self, rng: np.random.Generator) -> CandidateT | None:
        has_score = any(one.score is not None for one in self._outcomes)
        if len(set(self._keys)) < FIRST_OUTCOMES or not has_score:
            return self._hedge(rng)
        if rng.random() < RANDOM_SHARE:
            return self._draw(rng)
        return self._most_promising(rng) or self._draw(rng)

    def _hedge(self, rng: np.random.Generator) -> CandidateT | None:
        n_made = len(self._known) - self._n_starts
        n_draws = 1 if n_made % 2 else HEDGED_DRAWS
        drawn = [self._draw(rng) for _ in range(n_draws)]
        return max(
            (one for one in drawn if one is not None),
            key=lambda one: self._space.describe(one).costs[0],
            default=None,
        )

    def _most_promising(self, rng: np.random.Generator) -> CandidateT | None:
        """Return the candidate with the largest expected improvement, if any is new.

        The most promising candidates are changed once more: a large space has too many
        mutations to draw the best of them at random.
        """
        n = len(self._outcomes)
        surrogate = Surrogate(*self._scores(n), self._current_kernel(n))
        denoised = surrogate.denoised()
        found = {**self._mutants(self._best(denoised), rng), **self._recent_draws()}
        values = self._improvement(surrogate, found, float(denoised.max()))
        leaders = sorted(found, key=lambda key: -values[key])[:PARENTS]
        climbed = self._mutants([found[key] for key in leaders], rng)
        values |= self._improvement(surrogate, climbed, float(denoised.max()))
        best = max(values, key=lambda key: values[key], default=None)
        return None if best is None else (found | climbed)[best]

    def _improvement(
        self, surrogate: Surrogate, candidates: dict[str, CandidateT], incumbent: float
    ) -> dict[str, float]:
        """Return the expected improvement of candidates after most epochs, by key."""
        if not candidates:
            return {}
        ended = set(self._keys)
        pending = [one for key, one in self._known.items() if key not in ended]
        top = max(one.epochs for one in self._outcomes)
        described = [self._describe(one) for one in (*candidates.values(), *pending)]
        rows = self._rows(described, [top] * len(described))
        predicted = surrogate.predict(rows).given(len(pending))
        improvement = predicted.expected_improvement(incumbent)
        return dict(zip(candidates, improvement.tolist(), strict=True))

    def _best(self, denoised: NDArray[np.float64]) -> list[CandidateT]:
        """Return the networks with the best scores.

        Args:
            denoised: Targets of all outcomes without noise.
        """
        best: dict[str, CandidateT] = {}
        for place in np.argsort(-denoised, kind="stable"):
            best.setdefault(self._keys[place], self._outcomes[place].architecture)
            if len(best) == PARENTS:
                break
        return list(best.values())

    def _mutants(
        self, parents: Sequence[CandidateT], rng: np.random.Generator
    ) -> dict[str, CandidateT]:
        """Return new candidates one or two changes away from some, by key."""
        found: dict[str, CandidateT] = {}
        for parent in parents:
            for n_changes in rng.integers(1, 3, MUTANTS):
                mutant = self._space.mutate(parent, int(n_changes), rng)
                if mutant is not None:
                    found[self._space.key(mutant)] = mutant
        return {key: one for key, one in found.items() if key not in self._known}

    def _recent_draws(self) -> dict[str, CandidateT]:
        """Return new draws of the whole space, by key."""
        now = len(self._known)
        drawn = [
            one
            for made_for in range(max(0, now - DRAWS_KEPT + 1), now + 1)
            for one in self._drawn_for(made_for)
        ]
        self._draws.pop(now - DRAWS_KEPT, None)
        found = {self._space.key(one): one for one in drawn}
        return {key: one for key, one in found.items() if key not in self._known}

    def _drawn_for(self, number: int) -> list[CandidateT]:
        """Return the draws that were made for a proposal."""
        if number not in self._draws:
            rng = generator(self._seed, "draws", number)
            self._draws[number] = [self._space.sample(rng) for _ in range(FRESH_DRAWS)]
        return self._draws[number]

    def _current_kernel(self, n: int) -> Kernel:
        """Return the kernel, chosen anew whenever outcomes grow by an eighth.

        It depends on the outcomes alone, not on when it was chosen before.
        """
        chosen_at = refit_count(n)
        if self._kernel is None or self._kernel[0] != chosen_at:
            self._kernel = chosen_at, choose_kernel(*self._scores(chosen_at))
        return self._kernel[1]

    def _scores(self, n: int) -> tuple[CandidateRows, NDArray[np.float64]]:
        """Return the first outcomes as rows and targets on one scale.

        Failures count a standard deviation less than the worst score. They are left out
        of the gain by longer training, which one of them would make a loss.
        """
        epochs = [one.epochs for one in self._outcomes[:n]]
        scores = {
            place: one.score
            for place, one in enumerate(self._outcomes[:n])
            if one.score is not None
        }
        targets = np.zeros(n)
        if scores:
            levelled = level_targets(
                [self._keys[place] for place in scores],
                [epochs[place] for place in scores],
                [target_of(score) for score in scores.values()],
            )
            targets[:] = levelled.min() - levelled.std()
            targets[list(scores)] = levelled
        return self._rows(self._told[:n], epochs), targets

    def _rows(
        self, described: Sequence[Description], epochs: Sequence[int]
    ) -> CandidateRows:
        if self._maker is None:
            drawn = [one for i in range(REFERENCE) for one in self._drawn_for(i)]
            self._maker = RowMaker([self._describe(one) for one in drawn])
        return self._maker.rows(described, epochs)

    def _describe(self, candidate: CandidateT) -> Description:
        key = self._space.key(candidate)
        if key not in self._described:
            if len(self._described) == MOST_DESCRIBED:
                self._described.clear()
            self._described[key] = self._space.describe(candidate)
        return self._described[key]


def refit_count(n: int) -> int:
    """Return the number of outcomes from which the kernel for `n` is chosen.

    >>> [refit_count(n) for n in (6, 7, 16, 17, 18, 500)]
    [6, 7, 16, 16, 18, 461]
    """
    count = min(n, FIRST_OUTCOMES)
    while (larger := count + max(1, count // 8)) <= n:
        count = larger
    return count
