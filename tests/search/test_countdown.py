"""What is left of a search's seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kedro_nas.search.countdown import LONGEST_WAIT_S, Budget
from kedro_nas.search.ledger_lines import TrialStarted


def test_budget_counts_down_to_zero_and_no_further() -> None:
    """It is over at its last second, and what is left is never negative."""
    now = [0.0]
    budget = Budget(10, lambda: now[0])
    seen = []
    for now[0] in (0.0, 9.75, 10.0, 25.0):
        seen.append((budget.left_s(), budget.is_over()))

    assert seen == [(10.0, False), (0.25, False), (0.0, True), (0.0, True)]


def test_budget_without_a_limit_is_never_over() -> None:
    """A search bounded by trials has no clock to look at."""
    budget = Budget(None, lambda: 1e9)
    budget.note_build(5.0)

    assert budget.left_s() is None
    assert not budget.is_over()
    assert budget.has_time_for_trial()
    assert budget.patience_s() == LONGEST_WAIT_S


@pytest.mark.parametrize(("spent", "pays"), [(94.0, True), (96.0, False)])
def test_budget_no_trial_is_begun_that_could_only_be_built(
    spent: float, pays: bool
) -> None:
    """The median build of what was built decides; a network still alive built none."""
    budget = Budget(100, lambda: spent)
    for seconds in (0.0, 0.0, 4.0, 5.0, 60.0):
        budget.note_build(seconds)

    assert budget.has_time_for_trial() is pays


def test_driver_in_its_last_seconds_begins_only_what_is_required(
    make_driver: Callable[..., Any], scripted_pool: Callable[..., Any]
) -> None:
    """Once the end is nearer than a build takes, no second trial is begun."""
    driver, ledger = make_driver("last", budget_s=30.0)
    driver._budget.note_build(1000.0)
    pool = scripted_pool(1)

    assert driver.run(pool) == "budget"
    assert len(pool.submitted) == 1
    assert len(ledger.of(TrialStarted)) == 1
