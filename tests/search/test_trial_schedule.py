"""What every schedule tells its driver."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.race import Race
from kedro_nas.search.trial_schedule import NextTrial, Place, TrialSchedule
from kedro_nas.space.architecture import Architecture


@given(numbers=st.lists(st.integers(0, 999), min_size=1, unique=True))
def test_place_names_sort_in_the_order_of_the_rung(numbers: list[int]) -> None:
    """The table of trials is sorted by names, the hundredth after the ninth."""
    places = [Place(0, 2, 1, number) for number in sorted(numbers)]
    names = [place.name for place in places]

    assert names == sorted(names)
    assert len(set(names)) == len(names)


@pytest.fixture(params=["race", "hyperband"])
def schedule(
    request: pytest.FixtureRequest,
    make_oracle: Callable[..., HyperbandOracle],
    numbered: Callable[[int], Architecture],
) -> TrialSchedule:
    """Give each schedule with room for two networks."""
    if request.param == "race":
        return Race([numbered(1), numbered(2)], epochs=3)
    return make_oracle(max_trials=2, iterations=2, max_epochs=3, min_epochs=3)


def test_schedule_gives_trials_until_it_stops(schedule: TrialSchedule) -> None:
    """Whatever its kind: running trials with a network, then none and no network."""
    trials = [schedule.create(f"w{n}") for n in range(2)]
    places = [schedule.place(one.trial_id) for one in trials]
    for one in trials:
        assert schedule.parent(one.trial_id) is None
        assert schedule.eliminated_by(one.trial_id) == []
        schedule.end(one.trial_id, score=0.5)

    assert [one.status for one in trials] == ["RUNNING"] * 2
    assert all(one.architecture is not None for one in trials)
    assert len({place.name for place in places}) == 2
    assert {schedule.rung_epochs(place.bracket, 0) for place in places} == {3}
    assert {schedule.n_rungs(place.bracket) for place in places} == {1}
    assert schedule.create("w2") == NextTrial("STOPPED")


def test_schedule_requires_its_first_trial_alone(schedule: TrialSchedule) -> None:
    """Without one trained network there is nothing to rank."""
    ids = [schedule.create(f"w{n}").trial_id for n in range(2)]
    required = [schedule.is_required(one) for one in ids]

    assert required == [True, False]
