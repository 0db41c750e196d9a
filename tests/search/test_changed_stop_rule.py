"""A search resumed with another stop rule than its ledger was written with."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_tables import trial_rows, trials_table
from kedro_nas.search.stop_rule import StopRule

MakeDriver = Callable[..., tuple[Driver, Ledger]]
Pool = Callable[..., Any]
CLOCKS = ["worker", "started_s", "ended_s", "seconds", "seconds_wait"]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"target_score": 0.5}, {"target_score": 1.0}),
        ({"networks": 5}, {"networks": 12}),
        ({}, {"networks": 1}),
    ],
)
def test_driver_goes_on_where_another_stop_rule_has_ended_the_search(
    make_driver: MakeDriver,
    scripted_pool: Pool,
    first: dict[str, Any],
    then: dict[str, Any],
) -> None:
    """Brackets that it closed early stay so; the ledger fits each session after it."""
    ended: list[str] = []
    tables = []
    for rule, most in ((first, 40), (then, 50), (then, 50), (first, 50)):
        driver, ledger = make_driver(
            "ruled",
            max_trials=most,
            learning_lag=3,
            stop_rule=StopRule(**rule, full_epochs=9),
        )
        ended.append(driver.run(scripted_pool(2)))
        tables.append(trials_table(trial_rows(ledger.events)).drop(columns=CLOCKS))

    assert bool(first) == (ended[0] != "schedule")
    assert not first or len(tables[1]) > len(tables[0])
    for before, after in pairwise(tables):
        pd.testing.assert_frame_equal(before, after.head(len(before)))
    pd.testing.assert_frame_equal(tables[1], tables[2])


def test_driver_new_stop_rule_accepts_trials_that_waited_for_nothing(
    make_driver: MakeDriver, scripted_pool: Pool, simulated_kill: type[BaseException]
) -> None:
    """More workers than the lag were busy before the rule; after it some will wait."""
    driver, _ = make_driver("unruled", learning_lag=2)
    with pytest.raises(simulated_kill):
        driver.run(scripted_pool(8, lambda *_: "crash"))
    again, _ = make_driver(
        "unruled", learning_lag=2, stop_rule=StopRule(target_score=1.0, full_epochs=9)
    )

    assert again.n_trials == 8
    assert again.run(scripted_pool(8)) == "schedule"
