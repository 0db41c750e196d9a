"""The default proposer."""

from __future__ import annotations

import numpy as np
import pytest
from tests.proposers.lattice import Lattice, outcome_of, score_of

from kedro_nas.proposers.fidelity import target_of
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.proposers.portfolio_surrogate import (
    FIRST_OUTCOMES,
    MOST_HEDGED,
    MOST_MODELLED,
    PortfolioSurrogateProposer,
    modelled_places,
    refit_count,
)
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.space.bounds import Bounds
from kedro_nas.space.costs import count_macs
from kedro_nas.testing.proposer_contract import make_space, outcome_of_key


def _best(make: type, seed: int, n: int) -> float:
    proposer = make(Lattice(), seed)
    scores = []
    for _ in range(n):
        point = proposer.ask(Bounds())
        scores.append(score_of(point))
        proposer.tell(outcome_of(point))
    return max(scores)


def test_surrogate_finds_in_40_proposals_more_than_chance() -> None:
    """Of 729 points it comes within one choice of the best, over three seeds."""
    found = [_best(PortfolioSurrogateProposer, seed, 40) for seed in range(3)]
    drawn = [_best(RandomProposer, seed, 40) for seed in range(3)]

    assert min(found) > 0.79
    assert np.mean(found) > np.mean(drawn)


def test_hedge_alternates_large_and_plain_draws_after_the_starts() -> None:
    """Every other network of the first ones is larger than nearly all draws."""
    start = (0,) * 6
    proposer = PortfolioSurrogateProposer(Lattice(starts=[start]), 0)
    sizes = [sum(proposer.ask(Bounds())) for _ in range(13)]

    assert sizes[0] == 0
    assert min(sizes[1::2]) >= 8
    assert np.mean(sizes[2::2]) < np.mean(sizes[1::2])


def test_failure_is_worse_than_any_score() -> None:
    """Where large candidates fail, the proposals become smaller."""
    proposer = PortfolioSurrogateProposer(Lattice(), 0)
    sizes = []
    for _ in range(30):
        point = proposer.ask(Bounds())
        sizes.append(sum(point))
        failed = sum(point) > 6
        score = None if failed else 0.5 + 0.01 * (sum(point) % 3)
        proposer.tell(ProposalOutcome(point, score, "out of memory" if failed else ""))

    assert np.mean([size > 6 for size in sizes[15:]]) < 0.35


def test_failure_on_a_later_rung_is_no_loss_by_longer_training() -> None:
    """Scores after one epoch are raised by the gain of what was scored after three."""
    proposer = PortfolioSurrogateProposer(Lattice(), 0)
    points = [proposer.ask(Bounds()) for _ in range(4)]
    for point, score in zip(points, (0.8, 0.7, 0.6, 0.5), strict=True):
        proposer.tell(outcome_of(point, score=score))
    proposer.tell(outcome_of(points[0], score=0.9, epochs=3))
    proposer.tell(ProposalOutcome(points[1], None, "out of memory", epochs=3))
    targets = proposer._scored(6).targets

    gain = target_of(0.9) - target_of(0.8)
    expected = [target_of(score) + gain for score in (0.8, 0.7, 0.6, 0.5)]
    assert targets[:5].tolist() == pytest.approx([*expected, target_of(0.9)])
    assert targets[5] < min(expected)


def test_scores_after_more_epochs_are_learned_from() -> None:
    """Rungs of one, three and nine epochs are told, and a candidate is found."""
    proposer = PortfolioSurrogateProposer(Lattice(), 3)
    points = [proposer.ask(Bounds()) for _ in range(12)]
    for epochs, n in ((1, 12), (3, 6), (9, 2)):
        for point in points[:n]:
            score = score_of(point) * (1 - 0.5 / epochs)
            proposer.tell(outcome_of(point, score=score, epochs=epochs))
    found = [proposer.ask(Bounds()) for _ in range(5)]

    assert len({*points, *found}) == 17


def test_kernel_depends_on_the_outcomes_alone() -> None:
    """A process that sees 40 outcomes at once proposes what the first one does."""
    first = PortfolioSurrogateProposer(Lattice(), 4)
    again = PortfolioSurrogateProposer(Lattice(), 4)
    points = []
    for _ in range(40):
        points.append(first.ask(Bounds()))
        first.tell(outcome_of(points[-1]))
    for point in points:
        again.repeat(point)
        again.tell(outcome_of(point))

    assert again.ask(Bounds()) == first.ask(Bounds())


def test_refit_count_is_reached_by_growth_of_an_eighth() -> None:
    """The kernel is chosen some 30 times in 500 outcomes, not 500 times."""
    counts = {refit_count(n) for n in range(FIRST_OUTCOMES, 501)}

    assert refit_count(FIRST_OUTCOMES) == FIRST_OUTCOMES
    assert all(refit_count(n) <= n for n in range(1, 100))
    assert 25 <= len(counts) <= 50


def test_proposals_in_a_space_of_networks_keep_its_limits() -> None:
    """Those of the model, too, are within the multiply-adds that are affordable."""
    space = make_space()
    proposer = PortfolioSurrogateProposer(space, 0)
    limits = space.bounds
    for _ in range(30):
        proposer.tell(outcome_of_key(proposer.ask(limits)))
    asked = [proposer.ask(limits) for _ in range(10)]

    assert all(count_macs(one) <= (limits.max_macs or 0) for one in asked)


def _run_behind(
    proposer: PortfolioSurrogateProposer, points: list, n: int, *, lag: int
) -> None:
    """Let proposals see the outcomes of those a lag before them, up to the n-th."""
    while len(points) < n:
        if len(points) >= lag:
            proposer.tell(outcome_of(points[len(points) - lag]))
        points.append(proposer.ask(Bounds()))


def test_batch_interrupted_in_its_middle_goes_on() -> None:
    """What is proposed next does not depend on where a process was started again."""
    lag, n = 96, 142
    first = PortfolioSurrogateProposer(Lattice(), 5)
    points: list = []
    _run_behind(first, points, n, lag=lag)
    sizes = set()
    for stop in (130, 133, 137):
        again = PortfolioSurrogateProposer(Lattice(), 5)
        repeated = points[:stop]
        for place, point in enumerate(repeated):
            if place >= lag:
                again.tell(outcome_of(points[place - lag]))
            again.repeat(point)
        _run_behind(again, repeated, n, lag=lag)
        sizes.add(again._current_batch().size)

        assert repeated == points

    assert sizes == {6}
    assert len(set(points)) == n


def test_batches_find_more_than_chance() -> None:
    """With 64 under way, proposals after the first outcomes are better than draws."""
    points: list = []
    _run_behind(PortfolioSurrogateProposer(Lattice(), 1), points, 128, lag=64)
    scores = [score_of(point) for point in points]

    assert np.mean(scores[80:]) > np.mean(scores[:64]) + 0.1
    assert max(scores) > 0.89


def test_model_is_fitted_to_the_best_and_the_newest() -> None:
    """A proposal takes the time of 500 outcomes, however many there are."""
    targets = np.concatenate([np.arange(900.0), np.zeros(300)])
    places = modelled_places(np.arange(1_200), targets)

    assert len(places) == MOST_MODELLED == 500
    assert places.tolist() == sorted(set(places.tolist()))
    assert set(range(950, 1_200)) <= set(places.tolist())
    assert set(range(700, 900)) <= set(places.tolist())
    assert not set(range(100)) & set(places.tolist())


def test_hedge_ends_where_no_outcome_is_near() -> None:
    """With hundreds under way the largest of 30 draws would take the driver's time."""
    proposer = PortfolioSurrogateProposer(Lattice(), 0)
    sizes = [sum(proposer.ask(Bounds())) for _ in range(200)]

    assert np.mean(sizes[0:MOST_HEDGED:2]) > 7
    assert np.mean(sizes[MOST_HEDGED + 1 :]) < 7
