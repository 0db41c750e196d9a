"""The front is what nothing beats."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.report.figures.pareto import (
    best_per_network,
    draw_pareto_front,
    is_on_front,
)

points = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=12)


@given(points)
def test_is_on_front_keeps_exactly_what_no_other_beats(drawn):
    """A point is on the front if no other costs as little and scores as much.

    Of equal points the first stands for all.
    """
    cost = pd.Series([float(point[0]) for point in drawn], dtype=float)
    score = pd.Series([float(point[1]) for point in drawn], dtype=float)

    found = {drawn[i] for i, kept in enumerate(is_on_front(cost, score)) if kept}

    expected = {
        (c, s) for c, s in drawn
        if not any(c2 <= c and s2 >= s and (c2, s2) != (c, s) for c2, s2 in drawn)
    }  # fmt: skip
    assert found == expected


def test_best_per_network_takes_the_longest_training(results):
    """One row per network, that of its last rung."""
    kept = best_per_network(results.trials)

    assert kept["network_key"].is_unique
    assert kept["epochs"].max() == 9


def test_draw_pareto_front_shows_each_contestant_once_in_its_colour(results):
    """Winner and baseline are named in the legend, other finalists together."""
    figure = draw_pareto_front(results.trials, results.ranking)

    named = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert sorted(named) == sorted(
        ["tried", "Pareto front", "chosen", "baseline", "other finalists"]
    )
