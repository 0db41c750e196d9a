"""A search of any length keeps what is open in memory, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import TrialEnded
from kedro_nas.training.workers.worker_pool import Event

MakeDriver = Callable[..., tuple[Driver, Ledger]]
Pool = Callable[..., Any]


@pytest.mark.parametrize("lag", [None, 60])
def test_driver_keeps_open_brackets_only_however_many_trials(
    make_driver: MakeDriver, scripted_pool: Pool, lag: int | None
) -> None:
    """A long search takes no more memory than a short one; its ledger has all."""
    pool, most = scripted_pool(4), 0
    driver, ledger = make_driver("long", max_trials=150, learning_lag=lag)
    wait = pool.wait

    def watched(timeout_s: float) -> list[Event]:
        nonlocal most
        most = max(most, len(driver.trials), len(driver._schedule.trials))  # type: ignore[attr-defined]
        return wait(timeout_s)  # type: ignore[no-any-return]

    pool.wait = watched
    driver.run(pool)

    assert most <= 3 * 13
    assert driver.n_trials == 150
    assert len(ledger.of(TrialEnded)) == 150
    assert not any(isinstance(line, TrialEnded) for line in ledger._others)


def test_driver_restarted_forgets_complete_brackets_again(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """After a restart it keeps what it kept before, and goes on to the same end."""
    driver, _ = make_driver("long", max_trials=50)
    driver.run(scripted_pool(1))
    again, _ = make_driver("long", max_trials=50)

    assert again.n_trials == driver.n_trials == 50
    assert list(again.trials) == list(driver.trials)
    assert len(again.trials) < 20
