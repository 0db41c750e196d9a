"""Which trial a network is grown from: one that was trained, always the same one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import TrialCreated
from kedro_nas.search.ledger_tables import trial_rows, trials_table
from kedro_nas.training.tasks import Task

MakeDriver = Callable[..., tuple[Driver, Ledger]]
Pool = Callable[..., Any]
CLOCKS = ["worker", "started_s", "ended_s", "seconds", "seconds_wait"]


def _table(ledger: Ledger) -> pd.DataFrame:
    return trials_table(trial_rows(ledger.events)).drop(columns=CLOCKS)


@pytest.mark.parametrize("kill_after", [3, 11, 17, 26])
def test_driver_networks_inherit_alike_with_any_workers_and_after_a_kill(
    make_driver: MakeDriver,
    scripted_pool: Pool,
    simulated_kill: type[BaseException],
    kill_after: int,
) -> None:
    """Which trial a network is grown from depends on places alone, not on workers."""
    alone, whole = make_driver("alone", inherits=True)
    alone.run(scripted_pool(1))

    def fate(task: Task, attempt: int) -> str:
        return "crash" if len(pool.submitted) >= kill_after else "score"

    pool = scripted_pool(4, fate, order="lifo")
    driver, _ = make_driver("killed", inherits=True)
    with pytest.raises(simulated_kill):
        driver.run(pool)
    again, ledger = make_driver("killed", inherits=True)
    again.run(scripted_pool(2))

    table = _table(whole)
    assert table["ancestor_id"].notna().sum() > 10
    assert set(table["ancestor_id"].dropna()) <= set(table["trial_id"])
    pd.testing.assert_frame_equal(table, _table(ledger))


def test_driver_promoted_network_keeps_its_ancestor(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """On a higher rung it is still the network that was grown."""
    driver, ledger = make_driver("promoted", inherits=True)
    driver.run(scripted_pool(1))
    created = {line.trial: line for line in ledger.of(TrialCreated)}
    promoted = [line for line in created.values() if line.parent]

    assert any(line.ancestor for line in promoted)
    for line in promoted:
        assert line.parent is not None
        below = created[line.parent]
        assert (line.ancestor, line.ancestor_epochs) == (
            below.ancestor,
            below.ancestor_epochs,
        )


def test_driver_networks_inherit_from_trials_that_were_trained(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A trial that stopped early is promoted without training: it has no weights."""
    driver, ledger = make_driver("early", inherits=True)
    pool = scripted_pool(1, lambda *_: "early")
    driver.run(pool)
    trained = {task.task_id for task in pool.submitted}
    created = ledger.of(TrialCreated)

    assert len(trained) < len(created)
    assert {line.ancestor for line in created if line.ancestor} <= trained
    assert any(line.ancestor for line in created)
