"""The driver of a race: its first network is completed whatever the seconds say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_tables import trial_rows, trials_table
from kedro_nas.search.race import Race
from kedro_nas.space.architecture import Architecture

MakeDriver = Callable[..., tuple[Driver, Ledger]]
Pool = Callable[..., Any]


def _table(ledger: Ledger) -> pd.DataFrame:
    return trials_table(trial_rows(ledger.events))


def _race(numbered: Callable[[int], Architecture]) -> Race:
    return Race([numbered(1), numbered(2), numbered(3)], epochs=4)


def test_driver_race_trains_each_network_once(
    make_driver: MakeDriver, scripted_pool: Pool, numbered: Any
) -> None:
    """Within its seconds; the first is not cut by them, whatever it takes."""
    pool = scripted_pool(2)
    driver, ledger = make_driver(schedule=_race(numbered), budget_s=1000.0)

    assert driver.run(pool) == "schedule"
    assert _table(ledger)["epochs"].tolist() == [4, 4, 4]
    assert pool.granted[0] is None
    assert all(900 < seconds <= 1000 for seconds in pool.granted[1:])


def test_driver_race_without_seconds_completes_its_first_network_only(
    make_driver: MakeDriver, scripted_pool: Pool, numbered: Any
) -> None:
    """There is something to go on with, and nothing that could have been left out."""
    pool = scripted_pool(2)
    driver, ledger = make_driver(schedule=_race(numbered), budget_s=1e-9)
    lacked = driver.lacks_required()

    assert driver.run(pool) == "budget"
    assert (lacked, driver.lacks_required()) == (True, False)
    assert list(_table(ledger)["trial_id"]) == ["i0-b0-r0-n000"]
    assert list(_table(ledger)["status"]) == ["completed"]
    assert pool.granted == [None]


def test_driver_race_killed_after_its_seconds_still_completes_its_first_network(
    make_driver: MakeDriver,
    scripted_pool: Pool,
    simulated_kill: type[BaseException],
    numbered: Any,
) -> None:
    """Run again it lacks that network; once more, and nothing is lacking."""
    first, _ = make_driver(schedule=_race(numbered), budget_s=1e-9)
    with pytest.raises(simulated_kill):
        first.run(scripted_pool(2, lambda *_: "crash"))
    again, ledger = make_driver(schedule=_race(numbered), budget_s=1e-9)
    lacked, pool = again.lacks_required(), scripted_pool(2)
    again.run(pool)
    last, _ = make_driver(schedule=_race(numbered), budget_s=1e-9)

    assert (lacked, last.lacks_required()) == (True, False)
    assert len(pool.submitted) == 1
    assert list(_table(ledger)["status"]) == ["completed"]


def test_driver_race_stopped_in_its_first_network_takes_it_up_again(
    make_driver: MakeDriver, scripted_pool: Pool, numbered: Any
) -> None:
    """A worker that ended it early, and one that was lost, are not the end of it."""
    fates = {1: "stopped", 2: "lost"}
    pool = scripted_pool(1, lambda _, attempt: fates.get(attempt, "score"))
    driver, ledger = make_driver(schedule=_race(numbered), budget_s=1e-9)
    driver.run(pool)

    assert list(_table(ledger)["status"]) == ["completed"]
    assert len(pool.submitted) == 3


def test_driver_race_whose_first_network_fails_for_good_ends(
    make_driver: MakeDriver, scripted_pool: Pool, numbered: Any
) -> None:
    """What cannot be trained is not tried for ever."""
    driver, ledger = make_driver(schedule=_race(numbered), budget_s=1e-9)
    driver.run(scripted_pool(1, lambda *_: "failed"))

    assert not driver.lacks_required()
    assert list(_table(ledger)["status"]) == ["failed"]


def test_driver_search_without_seconds_trains_one_network(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """Hyperband completes its first trial, so that there is something to rank."""
    pool = scripted_pool(2)
    driver, _ = make_driver(budget_s=1e-9)

    assert driver.run(pool) == "budget"
    assert not driver.lacks_required()
    assert len(pool.submitted) == 1
