"""Who is promoted from a rung."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.search.promotion import Candidate, promote


def _curve(name: str, *scores: float) -> Candidate:
    return Candidate(name, scores[-1], scores)


def test_promote_two_places_takes_the_best_scores() -> None:
    """With two places the score alone decides."""
    rung = [_curve("flat", 0.8, 0.8), _curve("steep", 0.1, 0.5), _curve("ok", 0.7, 0.7)]

    assert promote(rung, places=2, slope_places=1) == ["flat", "ok"]


def test_promote_three_places_keeps_the_steepest_slow_starter() -> None:
    """A candidate the score would cut goes on when it climbs fastest."""
    rung = [
        _curve("a", 0.80, 0.81),
        _curve("b", 0.78, 0.79),
        _curve("c", 0.76, 0.77),
        _curve("slow", 0.20, 0.50),
        _curve("lazy", 0.60, 0.60),
    ]

    assert promote(rung, places=3, slope_places=1) == ["a", "b", "slow"]


def test_promote_equal_scores_keeps_the_order_of_creation() -> None:
    """Ties are broken by age, so that the number of workers cannot matter."""
    rung = [_curve(name, 0.5) for name in "abcd"]

    assert promote(rung, places=2, slope_places=0) == ["a", "b"]


def test_promote_immune_goes_on_whatever_its_score() -> None:
    """It takes the place of the worst that would have gone on, and its own order."""
    immune = Candidate("immune", 0.1, [0.1, 0.1], is_immune=True)
    rung = [_curve("a", 0.9, 0.9), immune, _curve("b", 0.8, 0.8), _curve("c", 0.7, 0.7)]

    assert promote(rung, places=2, slope_places=0) == ["a", "immune"]
    assert promote(rung, places=1, slope_places=0) == ["immune"]
    assert promote(rung, places=3, slope_places=1) == ["a", "immune", "b"]


def test_promote_more_immune_than_places_takes_the_best_of_them() -> None:
    """A rung has no more places than the ladder counts with."""
    rung = [
        Candidate(name, score, [score], is_immune=True)
        for name, score in (("a", 1), ("b", 3), ("c", 2))
    ]

    assert promote(rung, places=2, slope_places=1) == ["b", "c"]


def test_promote_beside_immune_ones_the_best_score_comes_before_a_slope() -> None:
    """The one place two proven networks leave is not given to a slow starter."""
    immune = [Candidate(name, 0.1, [0.1], is_immune=True) for name in "xy"]
    rung = [*immune, _curve("best", 0.9, 0.9), _curve("steep", 0.2, 0.6)]

    assert promote(rung, places=3, slope_places=1) == ["best", "x", "y"]
    assert promote(rung, places=4, slope_places=1) == ["best", "x", "y", "steep"]


def test_promote_immune_that_was_best_anyway_leaves_the_others_their_places() -> None:
    """Who would have gone on by score costs nobody a place."""
    best = Candidate("best", 0.9, [0.9], is_immune=True)
    rung = [_curve("a", 0.8, 0.8), best, _curve("b", 0.7, 0.7)]

    assert promote(rung, places=2, slope_places=0) == ["best", "a"]


@given(
    scores=st.lists(st.floats(0, 1), min_size=0, max_size=12),
    places=st.integers(1, 6),
    slope_places=st.integers(0, 3),
    n_immune=st.integers(0, 3),
)
def test_promote_any_rung_fills_its_places_without_repeats(
    scores: list[float], places: int, slope_places: int, n_immune: int
) -> None:
    """Every place is filled while there are candidates, immune ones and the best."""
    rung = [
        Candidate(str(i), s, [s / 2, s], is_immune=i < n_immune)
        for i, s in enumerate(scores)
    ]

    chosen = promote(rung, places=places, slope_places=slope_places)

    assert len(chosen) == min(places, len(rung))
    assert len(set(chosen)) == len(chosen)
    assert {c.trial_id for c in rung if c.is_immune} <= set(chosen) or len(
        chosen
    ) == places <= n_immune
    if rung and places > n_immune:
        assert chosen[0] == max(rung, key=lambda c: c.score).trial_id
