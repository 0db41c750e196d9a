"""`kedro_nas.statistics.pareto_front`: the front is what nothing beats."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.records.job import JobResults
from kedro_nas.statistics.pareto_front import is_on_front, longest_trainings

POINTS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=12)


@given(POINTS)
def test_is_on_front_keeps_exactly_what_no_other_beats(
    drawn: list[tuple[int, int]],
) -> None:
    """A point is on the front if no other costs as little and scores as much."""
    cost = [point[0] for point in drawn]
    score = [point[1] for point in drawn]

    expected = [
        not any(c2 <= c and s2 >= s and (c2, s2) != (c, s) for c2, s2 in drawn)
        for c, s in drawn
    ]
    assert is_on_front(cost, score).tolist() == expected


@given(POINTS)
def test_front_is_never_empty_where_there_is_a_point(
    drawn: list[tuple[int, int]],
) -> None:
    """The best score of all is on it, at its lowest cost."""
    found = is_on_front([c for c, _ in drawn], [s for _, s in drawn])

    assert found.any() == bool(drawn)
    if drawn:
        best = max(s for _, s in drawn)
        cheapest = min(c for c, s in drawn if s == best)
        assert found[drawn.index((cheapest, best))]


def test_an_unknown_cost_or_score_is_on_no_front_and_beats_nobody() -> None:
    """A latency that cannot be predicted is no latency of zero."""
    found = is_on_front([np.nan, 2.0, 1.0], [0.9, 0.8, np.nan])

    assert found.tolist() == [False, True, False]


def test_longest_trainings_has_a_row_per_scored_architecture(
    results: JobResults,
) -> None:
    """That of its last rung; failures have no score and no row."""
    kept = longest_trainings(results.trials)
    scored = results.trials[results.trials["status"] != "failed"]
    scored = scored[scored["score"].notna()]

    assert sorted(kept["key"]) == sorted(set(scored["key"]))
    longest = scored.groupby("key")["epochs"].max()
    assert (kept.set_index("key")["epochs"] == longest.reindex(kept["key"])).all()


def test_longest_trainings_keeps_two_recipes_of_one_network() -> None:
    """They are two architectures with two keys, each of which can be exported."""
    trials = pd.DataFrame(
        {
            "key": ["a", "b", "a"],
            "network_key": ["n", "n", "n"],
            "epochs": [1, 1, 3],
            "score": [0.7, 0.9, 0.8],
            "status": "completed",
        }
    )
    kept = longest_trainings(trials)

    assert list(zip(kept["key"], kept["epochs"], strict=True)) == [("a", 3), ("b", 1)]
