"""`kedro_nas.search.trial_progress`: trials of a search that goes on."""

from __future__ import annotations

from tests.ledgers import HEAD, NETWORK, SESSION, created, ended, epoch, started

from kedro_nas.search.ledger_lines import (
    BatchHalved,
    SessionEnded,
    TrialStarted,
    WorkerLost,
)
from kedro_nas.search.trial_progress import SearchProgressReader


def test_add_returns_the_trials_that_changed_as_they_are_now() -> None:
    """Several epochs between two looks are one change."""
    reader = SearchProgressReader()
    none = reader.add([*HEAD, created("a"), created("b")])
    (first,) = reader.add([started("a"), epoch("a", 1, 0.4), epoch("a", 2, 0.5)])
    (second,) = reader.add([ended("a", 0.4, 0.5)])

    assert none == []
    assert first.row.trial_id == "a"
    assert (first.row.status, first.has_ended, first.row.score) == (
        *("running", False, None),
    )
    assert first.row.val_accuracy_by_epoch == [0.4, 0.5]
    assert (second.row.status, second.has_ended, second.row.score) == (
        *("completed", True, 0.5),
    )
    assert [one.row.trial_id for one in reader.trials()] == ["a", "b"]


def test_add_of_a_failed_trial_keeps_its_reason() -> None:
    """A failure is told like any other end."""
    reader = SearchProgressReader()
    lines = [*HEAD, created("a"), started("a"), ended("a", reason="no memory")]
    (trial,) = reader.add(lines)

    assert (trial.row.status, trial.row.reason) == ("failed", "no memory")


def test_add_of_a_promoted_trial_names_the_rungs_below() -> None:
    """Its epochs go on from them, and it inherits a halved batch."""
    reader = SearchProgressReader()
    lines = [*HEAD, created("a"), started("a"), BatchHalved(trial="a")]
    reader.add([*lines, started("a"), ended("a", 0.4, 0.5)])
    second = [created("b", rung=1, parent="a"), started("b"), epoch("b", 3, 0.6)]
    (trial,) = reader.add(second)

    assert trial.rungs_below == ("a",)
    assert trial.row.epoch_start == 2
    assert trial.row.val_accuracy_by_epoch == [0.6]
    batch_size = trial.row.network.recipe.batch_size
    assert batch_size == NETWORK.recipe.batch_size // 2


def test_add_counts_how_often_a_trial_was_started() -> None:
    """After a kill or a lost worker a trial goes on, and is told as the same one."""
    reader = SearchProgressReader()
    lines = [created("a"), started("a"), WorkerLost(trial="a"), started("a")]
    (trial,) = reader.add([*HEAD, *lines])

    assert trial.starts == 2
    assert not trial.has_ended


def test_end_of_a_session_stops_the_trials_that_have_not_ended() -> None:
    """A later session with more seconds goes on with them."""
    reader = SearchProgressReader()
    reader.add([*HEAD, created("a"), started("a"), created("b")])
    stopped = reader.add([SessionEnded(t=7.0, ended_by="budget")])
    by = reader.ended_by
    (again,) = reader.add([SESSION, TrialStarted(t=8.0, trial="a", worker=1)])

    assert {one.row.trial_id: one.row.status for one in stopped} == {
        "a": "stopped",
        "b": "stopped",
    }
    assert by == "budget"
    assert (again.row.status, reader.ended_by, reader.seconds) == ("running", None, 8.0)


def test_search_id_is_that_of_the_first_session() -> None:
    """It tells a resumed search from another one of the same settings."""
    later = SESSION.model_copy(update={"pid": 2})
    resumed, other = SearchProgressReader(), SearchProgressReader()
    before = resumed.search_id
    resumed.add([*HEAD])
    first = resumed.search_id
    resumed.add([later.model_copy(update={"budget_s": 90.0})])
    other.add([HEAD[0], later])

    assert before == ""
    assert first == resumed.search_id
    assert first != other.search_id
