"""Ends a search in which nothing can be trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kedro_nas.errors import SearchError
from kedro_nas.training.tasks import Outcome

MAX_FIRST_FAILURES = 10  # failures without a single success after which a search ends


def stop_if_all_failed(outcomes: Iterable[Outcome]) -> None:
    """Raise an error where enough trials have ended and all of them have failed.

    Args:
        outcomes: Of the trials so far, none of them a success.

    Raises:
        SearchError: Too many have failed.
    """
    reasons = Counter(outcome.reason for outcome in outcomes)
    if reasons.total() < MAX_FIRST_FAILURES:
        return
    raise SearchError(
        f"the first {reasons.total()} trials have all failed",
        received=f"most often: {reasons.most_common(1)[0][0]}",
        allowed="at least one that trains",
        remedy="Mend the cause; the reasons are in the workspace's ledger.jsonl",
    )
