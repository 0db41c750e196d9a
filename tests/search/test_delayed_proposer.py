"""Outcomes reach a proposer by place, not by the clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.delayed_proposer import DelayedProposer, explain_waiting
from kedro_nas.search.stop_rule import StopRule
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.bounds import Bounds

Numbered = Callable[[int], Architecture]


class Recorder:
    """Proposes what it was made with and records what happens to it."""

    def __init__(self, network: Architecture, *, learns: bool = True) -> None:
        self.learns = learns
        self.log: list[object] = []
        self._network = network

    def ask(self, limits: Bounds) -> Architecture:
        self.log.append(limits)
        return self._network

    def repeat(self, architecture: Architecture) -> None:
        self.log.append(architecture)

    def tell(self, outcome: ProposalOutcome[Architecture]) -> None:
        self.log.append(outcome.score)


def _delayed(recorder: Recorder, lag: int | None) -> DelayedProposer:
    return DelayedProposer(recorder, lag=lag, limits=Bounds(max_macs=7))


def test_ask_tells_outcomes_far_enough_behind_in_the_order_of_places(
    numbered: Numbered,
) -> None:
    """With a lag of 3, place 4 sees places 0 and 1, whichever ended first."""
    recorder = Recorder(numbered(1))
    delayed = _delayed(recorder, 3)
    for position in (2, 1, 0):
        delayed.hold(position, ProposalOutcome(numbered(1), position / 10))
    delayed.ask(4)
    delayed.ask(5)

    assert recorder.log == [0.0, 0.1, Bounds(max_macs=7), 0.2, Bounds(max_macs=7)]


def test_outcomes_are_not_kept_for_a_proposer_that_does_not_learn(
    numbered: Numbered,
) -> None:
    """Random search of 100,000 trials does not pile them up."""
    recorder = Recorder(numbered(1), learns=False)
    delayed = _delayed(recorder, 8)
    for position in range(50):
        delayed.hold(position, ProposalOutcome(numbered(1), 0.5))
    delayed.ask(50)

    assert delayed._held == {}
    assert recorder.log == [Bounds(max_macs=7)]


@pytest.mark.parametrize(
    ("workers", "lag", "waits"),
    [(8, 8, False), (9, 8, True), (1_000, 8, True), (1_000, None, False)],
)
def test_waiting_workers_are_explained_with_what_to_set(
    workers: int, lag: int | None, *, waits: bool
) -> None:
    """With more workers than the lag the rest would idle, unless nothing is learned."""
    said = explain_waiting(workers, lag)

    assert bool(said) is waits
    assert not waits or f"to {24 * workers}, 24 times the workers" in said
    assert not waits or f"at most {lag} train" in said


def test_ask_of_a_recorded_place_repeats_it_once(numbered: Numbered) -> None:
    """What the ledger says is not proposed anew; the next place is."""
    recorder = Recorder(numbered(1))
    delayed = _delayed(recorder, 1)
    delayed.hold(0, ProposalOutcome(numbered(1), 0.5))
    delayed.expect(numbered(9))

    assert delayed.ask(1) == numbered(9)
    assert delayed.ask(2) == numbered(1)
    assert recorder.log == [0.5, numbered(9), Bounds(max_macs=7)]


@pytest.mark.parametrize(
    ("lag", "learns", "needed"), [(8, True, 3), (8, False, 0), (None, True, 0)]
)
def test_needs_places_only_where_a_lag_is_kept_and_learned_from(
    numbered: Numbered, lag: int | None, learns: bool, needed: int
) -> None:
    """Chance waits for nothing, nor does a search that gave the lag up."""
    delayed = _delayed(Recorder(numbered(1), learns=learns), lag)

    assert delayed.needs_places_before(10) == needed


def test_ask_without_a_lag_tells_everything_that_is_known(numbered: Numbered) -> None:
    """`learning_lag: null` uses each outcome as soon as it is there."""
    recorder = Recorder(numbered(1))
    delayed = _delayed(recorder, None)
    delayed.hold(40, ProposalOutcome(numbered(1), 0.5))
    delayed.ask(1)

    assert recorder.log == [0.5, Bounds(max_macs=7)]


def test_ask_ends_by_the_outcomes_it_may_depend_on(numbered: Numbered) -> None:
    """The target is reached at place 0: with a lag of 2, place 2 is the first after."""
    recorder = Recorder(numbered(1), learns=False)
    delayed = DelayedProposer(
        recorder, lag=2, limits=Bounds(), stop_rule=StopRule(target_score=0.9)
    )
    delayed.hold(0, ProposalOutcome(numbered(1), 0.95))

    assert delayed.needs_places_before(2) == 1  # though the proposer does not learn
    assert delayed.ask(1) == numbered(1)
    assert delayed.ended_by() is None
    assert delayed.ask(2) is None
    assert delayed.ended_by() == "target reached"


def test_ask_repeats_the_record_of_a_search_that_had_another_target(
    numbered: Numbered,
) -> None:
    """A lower target in a resumed search ends what comes next, not what there was."""
    delayed = DelayedProposer(
        Recorder(numbered(1)),
        lag=1,
        limits=Bounds(),
        stop_rule=StopRule(target_score=0.5),
    )
    delayed.hold(0, ProposalOutcome(numbered(1), 0.7))
    delayed.expect(numbered(5))

    assert delayed.ask(1) == numbered(5)
    assert delayed.ask(2) is None


def test_ask_keeps_a_proposal_where_an_earlier_session_had_none(
    numbered: Numbered,
) -> None:
    """It is the next one, in this session and in what a third reads of it."""
    recorder = Recorder(numbered(1))
    delayed = _delayed(recorder, 1)
    delayed.expect(None, is_promotion=True)
    promoted = delayed.ask(1), delayed.is_over(), delayed.ended_by()
    asked = list(recorder.log)
    delayed.expect(None)
    goes_on = delayed.is_over(), delayed.ask(2)

    assert promoted == (None, True, None)
    assert goes_on == (False, numbered(1))
    assert recorder.log == asked

    delayed.expect(None, is_promotion=True)
    delayed.ask(3)
    asked = list(recorder.log)
    delayed.expect(numbered(1))
    assert delayed.ask(4) == numbered(1)
    assert recorder.log == asked


def test_delayed_proposer_that_proposes_nothing_is_over(numbered: Numbered) -> None:
    """An exhausted space is known only after it was asked."""
    recorder = Recorder(numbered(1))
    delayed = _delayed(recorder, 1)
    before = delayed.is_over()
    recorder.ask = lambda _: None  # type: ignore[method-assign]
    delayed.ask(1)

    assert not before
    assert delayed.is_over()
    assert delayed.ended_by() == "space exhausted"
