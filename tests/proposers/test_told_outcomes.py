"""The outcomes that a proposer has been told."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.proposers.candidate_space import Description
from kedro_nas.proposers.fidelity import target_of
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.proposers.told_outcomes import KEPT, ToldOutcomes

PLAIN = Description((), (), (1.0,))


def _told(*outcomes: tuple[int, float | None, int]) -> ToldOutcomes[int]:
    """Return what is known after outcomes of numbers: score and epochs."""
    told: ToldOutcomes[int] = ToldOutcomes()
    for number, score, epochs in outcomes:
        outcome = ProposalOutcome(number, score, epochs=epochs)
        told.add(str(number), outcome, PLAIN)
    return told


def test_targets_count_a_failure_less_than_the_worst_score() -> None:
    """By the standard deviation of the scores."""
    targets = _told((1, 0.5, 1), (2, None, 1), (3, 0.9, 1)).targets(3)
    scored = np.array([target_of(0.5), target_of(0.9)])

    assert targets.tolist() == pytest.approx(
        [scored[0], scored[0] - scored.std(), scored[1]]
    )


def test_targets_of_failures_alone_are_equal() -> None:
    """Nothing is known of them but that they failed."""
    told = _told((1, None, 1), (2, None, 3))

    assert told.targets(2).tolist() == [0.0, 0.0]
    assert not told.has_score()
    assert _told((1, 0.5, 1)).has_score()


def test_targets_of_the_first_outcomes_do_not_know_later_ones() -> None:
    """Neither does the number of epochs."""
    told = _told((1, 0.5, 1), (2, 0.6, 1), (1, 0.9, 3))

    assert (
        told.targets(2).tolist() == _told((1, 0.5, 1), (2, 0.6, 1)).targets(2).tolist()
    )
    assert (told.most_epochs(2), told.most_epochs(3)) == (1, 3)
    assert told.epochs([2, 0]) == [3, 1]


def test_candidates_are_returned_once_in_their_order() -> None:
    """One that was scored on two rungs is one candidate."""
    told = _told((1, 0.5, 1), (2, 0.6, 1), (1, 0.9, 3))

    assert told.candidates([2, 1, 0]) == [1, 2]
    assert len(told) == 3
    assert told.described([0, 2]) == [PLAIN] * 2


def test_candidates_are_kept_of_the_best_and_the_newest() -> None:
    """The others take memory, and nothing will be made of them."""
    n = 3 * KEPT
    told = _told(*((i, 0.9 - 0.5 * i / n, 1) for i in range(n)))
    due = told.is_to_forget()
    told.forget(range(KEPT + 5, KEPT + 8))
    kept = told.kept(n).tolist()

    assert due
    assert kept == [*range(KEPT), *range(KEPT + 5, KEPT + 8), *range(n - KEPT, n)]
    assert told.kept(KEPT + 6).tolist() == kept[: KEPT + 1]
    assert told.candidates([0, n - 1]) == [0, n - 1]
    assert len(told.targets(n)) == n


def test_few_outcomes_are_all_kept() -> None:
    """A search of some hundred networks forgets nothing."""
    told = _told(*((i, 0.5, 1) for i in range(2 * KEPT)))

    assert not told.is_to_forget()
    assert len(told.kept(2 * KEPT)) == 2 * KEPT
