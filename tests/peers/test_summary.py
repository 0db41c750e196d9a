"""Means over seeds, and who is ahead."""

from __future__ import annotations

import pytest
from peer_runs.rows import Machine
from peer_runs.summary import comparable, standings


def _rows(make_row):
    return [
        *(make_row("kedro-nas", acc, seed=i) for i, acc in enumerate((0.92, 0.94))),
        *(make_row("optuna", acc, seed=i) for i, acc in enumerate((0.88, 0.92))),
        *(make_row("random", acc, seed=i) for i, acc in enumerate((0.86, 0.80))),
    ]


def test_standing_compares_means_over_seeds(make_row):
    """The best peer is that of the lowest mean error; our margin is a share of it."""
    (standing,) = standings(_rows(make_row))

    assert [entry.tool.name for entry in standing.entries] == [
        "kedro-nas",
        "optuna",
        "random",
    ]
    assert standing.best_peer.tool.name == "optuna"
    assert standing.best_peer.error == pytest.approx(0.10)
    assert standing.less_error == pytest.approx(0.3)


def test_standing_that_is_lost_has_a_negative_margin(make_row):
    """A contest that we lose is shown as one."""
    (standing,) = standings([make_row("kedro-nas", 0.8), make_row("optuna", 0.9)])

    assert standing.less_error == pytest.approx(-1.0)


def test_standings_are_apart_by_images_and_seconds(make_row):
    """Errors of other images or budgets are not averaged."""
    rows = [
        make_row("optuna", data=data, seconds=seconds)
        for data in ("b", "a")
        for seconds in (900.0, 300.0)
    ]
    found = [(s.contest.data, s.contest.seconds) for s in standings(rows)]

    assert found == [("a", 300.0), ("a", 900.0), ("b", 300.0), ("b", 900.0)]


def test_standings_without_a_peer_are_none(make_row):
    """kedro-nas alone, as with a fifth of a budget, is no contest."""
    assert standings([make_row("kedro-nas", seconds=60.0)]) == []
    assert standings([]) == []


def test_standing_with_a_tool_without_model_counts_it(make_row):
    """A failed seed is counted beside the mean of the others."""
    rows = [make_row("optuna", 0.9), make_row("optuna", None, seed=1, failure="gone")]
    (entry,) = standings(rows)[0].entries

    assert (entry.error, entry.n_failed) == (pytest.approx(0.1), 1)


def test_standing_shows_kedro_nas_with_a_fifth(make_row):
    """A fifth of 300 s is the run of 60 s on the same images."""
    rows = [*_rows(make_row), make_row("kedro-nas", 0.91, seconds=60.0)]
    (standing,) = standings(rows)

    assert standing.fifth.errors == [pytest.approx(0.09)]
    assert standing.ours.error == pytest.approx(0.07)


def test_killed_rows_are_no_part_of_a_mean(make_row):
    """What a kill cost is shown apart."""
    killed = make_row("kedro-nas", 0.5, killed_at_s=150.0)
    (standing,) = standings([*_rows(make_row), killed])

    assert standing.ours.error == pytest.approx(0.07)


def test_entry_gives_shares_and_rates_of_the_wall_clock(make_row):
    """Useful share, trials an hour and time beyond the budget are of wall seconds."""
    (entry,) = standings([make_row("optuna")])[0].entries

    assert entry.useful_share == pytest.approx(150 / 310)
    assert entry.trials_per_hour == pytest.approx(3600 * 10 / 310)
    assert entry.over_s == pytest.approx(10)
    assert entry.peak_memory_mb == 2000


def test_entry_reaches_an_accuracy_when_all_seeds_do(make_row):
    """An accuracy that one seed does not reach is not reached."""
    rows = [make_row("optuna"), make_row("optuna", seed=1, curve=((50.0, 0.75),))]
    (entry,) = standings(rows)[0].entries

    assert entry.seconds_to(0.6) == pytest.approx(40.0)
    assert entry.seconds_to(0.8) is None
    assert entry.final_val_accuracy == pytest.approx((0.88 + 0.75) / 2)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "older"},
        {"versions": {"keras": "2"}},
        {"machine": Machine(processor="slow", cores=2)},
    ],
)
def test_rows_of_other_programs_or_machines_are_left_out(change, make_row):
    """A mean is of one program on one machine: those of the newest row."""
    old = make_row("optuna", 0.1, seed=1, date="2026-11-01T00:00:00+00:00", **change)
    new = make_row("optuna", 0.9)

    assert comparable([new, old]) == [new]
    assert standings([new, old])[0].entries[0].errors == [pytest.approx(0.1)]
