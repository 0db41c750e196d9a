"""`kedro_nas.search.summary`: a search summed up from its ledger."""

from __future__ import annotations

from tests.ledgers import HEAD, created, ended, epoch, started

from kedro_nas.search.ledger_lines import SessionEnded, TrialsPlanned
from kedro_nas.search.summary import search_so_far

FIRST = [created("a"), started("a"), epoch("a", 1, 0.4), ended("a", 0.4, 0.5)]
SECOND = [created("b", t=10.0), started("b", t=10.0, worker=1), created("c")]


def test_search_so_far_before_its_first_trial_is_none() -> None:
    """There is nothing to sum up while the machine is measured."""
    assert search_so_far([]) is None
    assert search_so_far([*HEAD, created("a")]) is None


def test_search_so_far_counts_what_was_started() -> None:
    """A trial under way is told from one that was stopped or not begun."""
    planned = TrialsPlanned(kind="search", epochs=9)
    found = search_so_far([*HEAD, planned, *FIRST, *SECOND])

    assert found is not None
    assert found.trials["status"].tolist() == ["completed", "running"]
    assert (found.summary.n_trials, found.summary.n_stopped) == (2, 0)
    assert (found.summary.workers, found.summary.max_epochs) == (2, 9)
    assert (found.summary.ended_by, found.summary.budget_s) == (None, 60.0)
    assert [one.score for one in found.summary.incumbent] == [0.5]


def test_search_so_far_of_one_that_has_ended_says_by_what() -> None:
    """Between the end of the search and its output the summary is the same."""
    found = search_so_far([*HEAD, *FIRST, *SECOND, SessionEnded(ended_by="budget")])

    assert found is not None
    assert found.summary.ended_by == "budget"
    assert found.summary.n_stopped == 1
