"""A search ends early where nothing trains."""

from __future__ import annotations

import pytest

from kedro_nas.errors import SearchError
from kedro_nas.search.hopeless import MAX_FIRST_FAILURES, stop_if_all_failed
from kedro_nas.training.tasks import Outcome


def failures(*reasons: str) -> list[Outcome]:
    """Make an outcome of each reason."""
    return [Outcome(status="failed", reason=reason) for reason in reasons]


def test_few_failures_do_not_end_a_search() -> None:
    """The next network may train; one more failure is too many."""
    few = failures(*"a" * (MAX_FIRST_FAILURES - 1))
    stop_if_all_failed([])
    stop_if_all_failed(few)

    with pytest.raises(SearchError):
        stop_if_all_failed([*few, *failures("b")])


def test_many_failures_end_it_with_the_most_frequent_reason() -> None:
    """One cause that is to be mended is named, with the number of trials."""
    outcomes = failures("rare", *["disk"] * (MAX_FIRST_FAILURES - 1))

    with pytest.raises(SearchError, match=r"first 10 trials .* most often: disk"):
        stop_if_all_failed(outcomes)
