"""Finalists are distinct, scored, and the furthest the search got."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.search.finalists import choose_finalists


def make_trials(*rows):
    """Make trials from (trial_id, network_key, epochs, score, family, status)."""
    names = ["trial_id", "network_key", "epochs", "score", "family", "status"]
    return pd.DataFrame(rows, columns=names).assign(params=100)


def test_choose_finalists_prefers_longer_training_over_a_higher_score():
    """A score after 9 epochs counts before any score after 3."""
    trials = make_trials(
        ("0", "a", 3, 0.99, "x", "completed"), ("1", "b", 9, 0.80, "x", "completed")
    )

    assert choose_finalists(trials, n=2) == ["1", "0"]


def test_choose_finalists_takes_each_network_once_by_its_longest_training():
    """The rungs of one network, or two recipes of it, are one finalist."""
    trials = make_trials(
        ("0", "a", 1, 0.7, "x", "completed"),
        ("1", "a", 3, 0.8, "x", "completed"),
        ("2", "b", 3, 0.7, "x", "completed"),
        ("3", "a", 3, 0.9, "x", "completed"),
    )

    assert choose_finalists(trials, n=3) == ["3", "2"]


def test_choose_finalists_never_takes_a_failed_or_unscored_trial():
    """A failed trial and one without a score are not finalists, whatever they say."""
    trials = make_trials(
        ("0", "a", 9, 0.9, "x", "failed"),
        ("1", "b", 9, np.nan, "x", "stopped"),
        ("2", "c", 1, 0.1, "x", "stopped"),
    )

    assert choose_finalists(trials, n=3) == ["2"]


def test_choose_finalists_limits_a_family_while_others_can_fill():
    """The third of a family gives way to another family's best."""
    trials = make_trials(
        *((str(i), f"a{i}", 9, 0.9 - i / 100, "x", "completed") for i in range(4)),
        ("4", "b", 9, 0.5, "y", "completed"),
    )

    assert choose_finalists(trials, n=3) == ["0", "1", "4"]
    assert choose_finalists(trials, n=4) == ["0", "1", "2", "4"]


def test_choose_finalists_with_newest_looks_at_the_newest_networks_only():
    """`newest: 2` takes the best of the two newest networks, in the table's order."""
    trials = make_trials(
        *((str(i), f"a{i}", 9, 1 - i / 100, str(i), "completed") for i in range(11))
    )

    assert choose_finalists(trials, n=1, newest=2) == ["9"]


def test_choose_finalists_with_newest_follows_the_schedule_not_the_names():
    """Brackets count down, so the newest network has the lowest name."""
    trials = make_trials(
        ("i0-b1-r0-n000", "a", 9, 0.9, "x", "completed"),
        ("i0-b1-r1-n000", "a", 9, 0.9, "x", "completed"),
        ("i0-b0-r0-n000", "b", 9, 0.5, "x", "completed"),
    )

    assert choose_finalists(trials, n=1, newest=1) == ["i0-b0-r0-n000"]


def test_choose_finalists_of_a_search_without_scores_is_empty():
    """Nothing trained means no finalist, not an error."""
    assert choose_finalists(make_trials(), n=3) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.sampled_from([1, 3, 9]), st.floats(0, 1),
            st.sampled_from("xy"), st.sampled_from(["completed", "stopped", "failed"]),
        )
    ),
    st.integers(1, 5),
)  # fmt: skip
def test_choose_finalists_of_any_search_are_distinct_and_best_first(rows, n):
    """As many distinct networks as wanted or there are, ordered by epochs and score."""
    trials = make_trials(*((str(i), *row) for i, row in enumerate(rows)))

    chosen = trials.set_index("trial_id").loc[choose_finalists(trials, n=n)]

    scored = trials[trials["status"] != "failed"]["network_key"].nunique()
    assert len(chosen) == min(n, scored) == chosen["network_key"].nunique()
    order = list(zip(chosen["epochs"], chosen["score"], strict=True))
    assert order == sorted(order, reverse=True)
