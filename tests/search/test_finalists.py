"""Finalists are distinct, scored, and the furthest the search got."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.search.finalists import choose_finalists


def make_trials(*rows):
    """Make trials from (trial_id, network_key, epochs, score, family, status)."""
    names = ["trial_id", "network_key", "rung_epochs", "score", "family", "status"]
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


def test_choose_finalists_early_stopped_counts_by_the_rung_it_reached():
    """Patience saved its epochs: 20 of 45 are no less than 45 of another."""
    trials = make_trials(
        ("0", "a", 15, 0.99, "x", "completed"),
        ("1", "b", 45, 0.80, "y", "completed"),
        ("2", "c", 45, 0.90, "z", "completed"),
    ).assign(epochs=[15, 45, 20], early_stopped=[False, False, True])

    assert choose_finalists(trials, n=2) == ["2", "1"]


@pytest.mark.parametrize(
    ("always", "chosen"),
    [(None, ["0", "1"]), ("a0", ["0", "1"]), ("a3", ["0", "3"]), ("b", ["0", "4"])],
)
def test_choose_finalists_always_has_a_place_whatever_its_score(always, chosen):
    """It takes the last one's place where it would not have had one by score."""
    trials = make_trials(
        *((str(i), f"a{i}", 9, 0.9 - i / 100, str(i), "completed") for i in range(4)),
        ("4", "b", 3, 0.1, "y", "completed"),
    )

    assert choose_finalists(trials, n=2, always=always) == chosen


def test_choose_finalists_always_alone_is_the_finalist():
    """A single place is that of the network that others have to beat."""
    trials = make_trials(
        ("0", "a", 9, 0.9, "x", "completed"), ("1", "b", 1, 0.1, "y", "completed")
    )

    assert choose_finalists(trials, n=1, always="b") == ["1"]


@pytest.mark.parametrize(
    ("status", "score", "chosen"),
    [("completed", 0.1, ["2", "0"]), ("failed", 0.1, ["2"]), ("stopped", None, ["2"])],
)
def test_choose_finalists_always_that_is_old_is_kept_if_it_has_a_score(
    status, score, chosen
):
    """`newest: 1` leaves it out by itself; one that failed has nothing to compare."""
    trials = make_trials(
        ("0", "a", 9, score, "x", status),
        ("1", "b", 9, 0.8, "y", "completed"),
        ("2", "c", 9, 0.7, "z", "completed"),
    )

    assert choose_finalists(trials, n=2, newest=1, always="a") == chosen


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
    st.sampled_from([None, *"abc"]),
)  # fmt: skip
def test_choose_finalists_of_any_search_are_distinct_and_best_first(rows, n, always):
    """As many distinct networks as wanted or there are, ordered by epochs and score."""
    trials = make_trials(*((str(i), *row) for i, row in enumerate(rows)))

    chosen = trials.set_index("trial_id").loc[
        choose_finalists(trials, n=n, always=always)
    ]

    scored = trials[trials["status"] != "failed"]["network_key"].nunique()
    assert len(chosen) == min(n, scored) == chosen["network_key"].nunique()
    order = list(zip(chosen["rung_epochs"], chosen["score"], strict=True))
    assert order == sorted(order, reverse=True)
    is_scored = always in set(trials[trials["status"] != "failed"]["network_key"])
    assert (always in set(chosen["network_key"])) >= is_scored


def test_choose_finalists_on_a_front_prefers_what_nothing_beats_in_score_and_cost():
    """The second and third best of all are dearer than the best, so they give way."""
    trials = make_trials(
        ("0", "a", 9, 0.90, "v", "completed"),
        ("1", "b", 9, 0.89, "w", "completed"),
        ("2", "c", 9, 0.88, "x", "completed"),
        ("3", "d", 9, 0.85, "y", "completed"),
        ("4", "e", 9, 0.80, "z", "completed"),
    )
    costs = {"0": 50.0, "1": 60.0, "2": 70.0, "3": 20.0, "4": 30.0}

    assert choose_finalists(trials, n=3) == ["0", "1", "2"]
    assert choose_finalists(trials, n=2, costs=costs) == ["0", "3"]
    assert choose_finalists(trials, n=3, costs=costs) == ["0", "1", "3"]
    assert choose_finalists(trials, n=9, costs=costs) == ["0", "1", "2", "3", "4"]


def test_choose_finalists_on_a_front_still_prefers_longer_training():
    """A lucky score after 3 epochs beats nothing that was trained for 9."""
    trials = make_trials(
        ("0", "a", 9, 0.80, "x", "completed"),
        ("1", "b", 3, 0.99, "y", "completed"),
        ("2", "c", 3, 0.70, "z", "completed"),
    )
    costs = {"0": 50.0, "1": 60.0, "2": 10.0}

    assert choose_finalists(trials, n=2, costs=costs) == ["0", "2"]


def test_choose_finalists_on_a_front_takes_an_unknown_cost_last():
    """A latency that cannot be predicted puts no network on the front."""
    trials = make_trials(
        ("0", "a", 9, 0.9, "x", "completed"), ("1", "b", 9, 0.8, "y", "completed")
    )

    assert choose_finalists(trials, n=1, costs={"0": np.nan, "1": 5.0}) == ["1"]
