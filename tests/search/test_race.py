"""A race trains each of its networks once, all for equally long."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.search.race import CERTAIN, Race, race_epochs
from kedro_nas.search.trial_schedule import Place
from kedro_nas.space.architecture import Architecture

Numbered = Callable[[int], Architecture]


def test_race_gives_its_networks_in_order_and_then_stops(numbered: Numbered) -> None:
    """No network is given twice, whoever asks and whatever has ended."""
    race = Race([numbered(3), numbered(1), numbered(3), numbered(2)], epochs=7)
    given = [race.create(f"w{n}") for n in range(3)]
    race.end("1", score=None, reason="ValueError: planted")

    assert [one.architecture for one in given] == [*map(numbered, (3, 1, 2))]
    assert [one.status for one in given] == ["RUNNING"] * 3
    assert race.create("w9").status == "STOPPED"
    assert race.proposals_ended_by() is None


def test_race_has_one_rung_on_which_nothing_is_cut(numbered: Numbered) -> None:
    """Places, epochs and parents are those of a single rung."""
    race = Race([numbered(1), numbered(2)], epochs=7)
    ids = [race.create("w").trial_id for _ in range(2)]

    assert [race.place(one) for one in ids] == [Place(0, 0, 0, 0), Place(0, 0, 0, 1)]
    assert [race.place(one).name for one in ids] == ["i0-b0-r0-n000", "i0-b0-r0-n001"]
    assert (race.n_rungs(0), race.rung_epochs(0, 0)) == (1, 7)
    assert [race.parent(one) for one in ids] == [None, None]
    assert [race.eliminated_by(one) for one in ids] == [[], []]


def test_race_requires_its_first_network_alone(numbered: Numbered) -> None:
    """One network is enough to go on with when the seconds are over."""
    race = Race([numbered(1), numbered(2)], epochs=7)
    ids = [race.create("w").trial_id for _ in range(2)]

    assert [race.is_required(one) for one in ids] == [True, False]


@given(
    epoch_s=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=4),
    seconds=st.floats(0.1, 1e5),
    workers=st.integers(1, 8),
    most=st.integers(1, 150),
)
def test_race_epochs_fit_into_the_seconds_or_are_one(
    epoch_s: list[float], seconds: float, workers: int, most: int
) -> None:
    """All networks are done in the part of the seconds that is certain."""
    epochs = race_epochs(epoch_s, seconds=seconds, workers=workers, most=most)
    ends_s = [0.0] * workers  # each network goes to the worker that is idle first
    for one in epoch_s:
        first = ends_s.index(min(ends_s))
        ends_s[first] += epochs * one

    assert 1 <= epochs <= most
    assert epochs == 1 or max(ends_s) <= CERTAIN * seconds * (1 + 1e-9)


def test_race_has_seconds_for_a_last_network_that_waits_for_a_worker() -> None:
    """Two equal networks occupy two workers; a third begins when one of them ends."""
    assert race_epochs([2, 2, 1], seconds=75, workers=2, most=99) == 20
    assert race_epochs([2, 2, 1], seconds=75, workers=3, most=99) == 30


def test_race_epochs_are_decided_by_the_slowest_network_or_the_sum() -> None:
    """One worker shares its seconds among all; with many, the slowest decides."""
    assert race_epochs([1, 1, 2], seconds=50, workers=1, most=99) == 10
    assert race_epochs([1, 1, 2], seconds=50, workers=8, most=99) == 20
    assert race_epochs([1, 1, 2], seconds=50, workers=8, most=15) == 15
