"""Proven starts, then the candidates that a model of the scores expects most of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kedro_nas.proposers.candidate_space import CandidateSpace, Description
from kedro_nas.proposers.kernel import CandidateRows, Kernel, RowMaker
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.proposers.proposal_batch import ProposalBatch
from kedro_nas.proposers.surrogate import (
    MOST_CHOSEN_FROM,
    Prediction,
    Surrogate,
    choose_kernel,
)
from kedro_nas.proposers.told_outcomes import ToldOutcomes
from kedro_nas.proposers.unrepeated import UnrepeatedProposer
from kedro_nas.seeds import generator
from kedro_nas.space.bounds import Bounds
from kedro_nas.space.search_space import SearchSpace

CandidateT = TypeVar("CandidateT")

# Networks that have ended, from which on the model chooses; before, the hedge draws.
FIRST_OUTCOMES = 6
MOST_HEDGED = (
    64  # proposals of the hedge; with more under way the rest is drawn plainly
)
HEDGED_DRAWS = 30  # draws of which the hedge takes the one with most multiply-adds
RANDOM_SHARE = 0.05  # of the proposals after that, in case the model is wrong
PARENTS = 5  # best networks that are changed, and most promising candidates as well
MUTANTS = 16  # candidates that are one or two changes away from each of them
PLACES_FOR_PARENT = 8  # more parents in a batch of many: one for so many places
FRESH_DRAWS = 3  # candidates of the whole space made for a proposal ...
DRAWS_KEPT = 32  # ... and kept for so many proposals, as a draw takes two milliseconds
MOST_DESCRIBED = 20_000  # candidates whose numbers are remembered
# Outcomes that the model is fitted to, half of them the best and half the newest: its
# time grows with the cube of their number (500: some 10 ms).
MOST_MODELLED = 500
REFERENCE = 20  # proposals whose draws give the spread of costs


@dataclass(frozen=True)
class Scored:
    """Outcomes that a model is fitted to.

    Attributes:
        places: In the order of outcomes told.
        rows: The candidates.
        targets: On one scale, shape `(len(places),)`.
    """

    places: NDArray[np.intp]
    rows: CandidateRows
    targets: NDArray[np.float64]


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
        self._under_way: dict[str, CandidateT] = {}  # in the order of proposals
        self._batch: ProposalBatch[CandidateT] | None = None
        self._told: ToldOutcomes[CandidateT] = ToldOutcomes()
        self._modelled_from: int | None = None  # outcomes that are enough for the model
        self._described: dict[str, Description] = {}
        self._forget_draws()

    def ask(self, limits: Bounds) -> CandidateT | None:
        """Return the next candidate, None if the space is exhausted."""
        if limits != self._limits:
            self._forget_draws()
        return super().ask(limits)

    def repeat(self, architecture: CandidateT) -> None:
        """Count a candidate as the next proposal, and as one under way."""
        batch, key = self._current_batch(), self._space.key(architecture)
        super().repeat(architecture)
        self._under_way[key] = architecture
        batch.since.add(key)

    def tell(self, outcome: ProposalOutcome[CandidateT]) -> None:
        """Learn how a training ended; a failure is worse than any score."""
        key = self._space.key(outcome.architecture)
        self._under_way.pop(key, None)
        self._told.add(key, outcome, self._describe(outcome.architecture))
        if (
            self._modelled_from is None
            and len(set(self._told.keys)) >= FIRST_OUTCOMES
            and self._told.has_score()
        ):
            self._modelled_from = len(self._told)
        if self._told.is_to_forget():
            self._told.forget(also_kept=_kernel_places(len(self._told)))

    def _current_batch(self) -> ProposalBatch[CandidateT]:
        """Return the batch that the next proposal belongs to."""
        number = len(self._proposed)
        if self._batch is None or not self._batch.holds(number):
            under_way = list(self._under_way.values())
            self._batch = ProposalBatch.begin(number, len(self._told), under_way)
        return self._batch

    def _forget_draws(self) -> None:
        self._draws: dict[int, list[CandidateT]] = {}
        self._maker: RowMaker | None = None
        self._kernel: tuple[int, Kernel] | None = None  # and the outcomes it is from
        if self._batch is not None:
            self._batch.chosen = None

    def _choose(self, rng: np.random.Generator) -> CandidateT | None:
        enough, batch = self._modelled_from, self._current_batch()
        if enough is None or batch.n_outcomes < enough:
            return self._hedge(rng)
        if rng.random() < RANDOM_SHARE:
            return self._draw(rng)
        return self._most_promising(batch, rng) or self._draw(rng)

    def _hedge(self, rng: np.random.Generator) -> CandidateT | None:
        n_made = len(self._proposed) - self._n_starts
        n_draws = 1 if n_made % 2 or n_made > MOST_HEDGED else HEDGED_DRAWS
        drawn = [self._draw(rng) for _ in range(n_draws)]
        return max(
            (one for one in drawn if one is not None),
            key=lambda one: self._space.describe(one).costs[0],
            default=None,
        )

    def _most_promising(
        self, batch: ProposalBatch[CandidateT], rng: np.random.Generator
    ) -> CandidateT | None:
        """Return the next of a batch that is new, None if there is none."""
        if batch.chosen is None:
            if batch.size > 1:  # whichever of its proposals is asked for first
                rng = generator(self._seed, "batch", batch.start)
            batch.chosen = self._choose_together(batch, rng)
        while batch.chosen:
            candidate = batch.chosen.pop(0)
            if self._is_new(candidate):
                return candidate
        return None

    def _choose_together(
        self, batch: ProposalBatch[CandidateT], rng: np.random.Generator
    ) -> list[CandidateT]:
        """Return the new candidates with the largest expected improvement, best first.

        The most promising candidates are changed once more: a large space has too many
        mutations to draw the best of them at random.
        """
        n, n_parents = batch.n_outcomes, max(PARENTS, batch.size // PLACES_FOR_PARENT)
        scored = self._scored(n)
        surrogate = Surrogate(scored.rows, scored.targets, self._current_kernel(n))
        denoised = surrogate.denoised()
        incumbent = float(denoised.max())
        best_first = scored.places[np.argsort(-denoised, kind="stable")].tolist()
        parents = self._told.candidates(best_first)
        found = self._mutants(parents[:n_parents], batch, rng)
        found |= self._recent_draws(batch)
        values = self._improvement(surrogate, found, batch, incumbent)
        leaders = sorted(found, key=lambda key: -values[key])[:n_parents]
        climbed = self._mutants([found[key] for key in leaders], batch, rng)
        if batch.size == 1:
            values |= self._improvement(surrogate, climbed, batch, incumbent)
            best = max(values, key=lambda key: values[key], default=None)
            return [] if best is None else [(found | climbed)[best]]
        candidates = found | climbed
        if not candidates:
            return []
        predicted = self._predict(surrogate, candidates, batch)
        listed = list(candidates.values())
        return [
            listed[place] for place in predicted.choose_together(incumbent, batch.size)
        ]

    def _improvement(
        self,
        surrogate: Surrogate,
        candidates: dict[str, CandidateT],
        batch: ProposalBatch[CandidateT],
        incumbent: float,
    ) -> dict[str, float]:
        """Return the expected improvement of candidates after most epochs, by key."""
        if not candidates:
            return {}
        predicted = self._predict(surrogate, candidates, batch)
        improvement = predicted.expected_improvement(incumbent)
        return dict(zip(candidates, improvement.tolist(), strict=True))

    def _predict(
        self,
        surrogate: Surrogate,
        candidates: dict[str, CandidateT],
        batch: ProposalBatch[CandidateT],
    ) -> Prediction:
        """Return the prediction for candidates, given those that are under way."""
        top = self._told.most_epochs(batch.n_outcomes)
        everything = (*candidates.values(), *batch.pending)
        described = [self._describe(one) for one in everything]
        rows = self._rows(described, [top] * len(described))
        return surrogate.predict(rows).given(len(batch.pending))

    def _mutants(
        self,
        parents: Sequence[CandidateT],
        batch: ProposalBatch[CandidateT],
        rng: np.random.Generator,
    ) -> dict[str, CandidateT]:
        """Return candidates one or two changes away from some, by key.

        They are new to a batch: not proposed before its first proposal.
        """
        found: dict[str, CandidateT] = {}
        for parent in parents:
            for n_changes in rng.integers(1, 3, MUTANTS):
                mutant = self._space.mutate(parent, int(n_changes), rng)
                if mutant is not None:
                    found[self._space.key(mutant)] = mutant
        return self._new_to(batch, found)

    def _recent_draws(self, batch: ProposalBatch[CandidateT]) -> dict[str, CandidateT]:
        """Return draws of the whole space that are new to a batch, by key."""
        recent = range(max(0, batch.start - DRAWS_KEPT + 1), batch.start + 1)
        drawn = {number: self._drawn_for(number) for number in recent}
        self._draws = drawn
        found = {self._space.key(one): one for many in drawn.values() for one in many}
        return self._new_to(batch, found)

    def _new_to(
        self, batch: ProposalBatch[CandidateT], found: dict[str, CandidateT]
    ) -> dict[str, CandidateT]:
        before = self._proposed
        return {
            key: one
            for key, one in found.items()
            if key not in before or key in batch.since
        }

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
            scored = self._scored(chosen_at, _kernel_places(n))
            self._kernel = chosen_at, choose_kernel(scored.rows, scored.targets)
        return self._kernel[1]

    def _scored(self, n: int, places: Sequence[int] | None = None) -> Scored:
        """Return outcomes with their targets on one scale.

        Args:
            n: Outcomes that are known.
            places: Of those that are returned; None: those the model is fitted to.
        """
        targets = self._told.targets(n)
        chosen = (
            modelled_places(self._told.kept(n), targets)
            if places is None
            else np.array(places)
        )
        rows = self._rows(self._told.described(chosen), self._told.epochs(chosen))
        return Scored(chosen, rows, targets[chosen])

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


def modelled_places(
    places: NDArray[np.intp], targets: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return the places of the outcomes that the model is fitted to, in their order.

    Args:
        places: To choose from, in the order in which the outcomes became known.
        targets: Of all outcomes, by place.
    """
    if len(places) <= MOST_MODELLED:
        return places
    earlier, newest = np.split(places, [-(MOST_MODELLED // 2)])
    best_first = earlier[np.argsort(-targets[earlier], kind="stable")]
    return np.concatenate([np.sort(best_first[: MOST_MODELLED // 2]), newest])


def _kernel_places(n: int) -> range:
    """Return the places of the outcomes from which the kernel for `n` is chosen."""
    chosen_at = refit_count(n)
    return range(max(0, chosen_at - MOST_CHOSEN_FROM), chosen_at)


def refit_count(n: int) -> int:
    """Return the number of outcomes from which the kernel for `n` is chosen.

    >>> [refit_count(n) for n in (6, 7, 16, 17, 18, 500)]
    [6, 7, 16, 16, 18, 461]
    """
    count = min(n, FIRST_OUTCOMES)
    while (larger := count + max(1, count // 8)) <= n:
        count = larger
    return count
