"""The driver: nothing lost, whatever is killed and whenever."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.search.conftest import LearningProposer

from kedro_nas.errors import SearchError
from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.driver import Driver
from kedro_nas.search.ledger import Ledger, LedgerMismatchError
from kedro_nas.search.ledger_lines import (
    BatchHalved,
    EpochTrained,
    TrialCreated,
    TrialEnded,
    WorkerLost,
)
from kedro_nas.search.ledger_tables import trial_rows, trials_table
from kedro_nas.space.architecture import Recipe
from kedro_nas.space.bounds import Bounds
from kedro_nas.training.tasks import Task
from kedro_nas.training.workers.worker_pool import Event

MakeDriver = Callable[..., tuple[Driver, Ledger]]
Pool = Callable[..., Any]
BATCH = Recipe().batch_size
CLOCKS = ["worker", "started_s", "ended_s", "seconds", "seconds_wait"]


def _table(ledger: Ledger) -> pd.DataFrame:
    return trials_table(trial_rows(ledger.events)).drop(columns=CLOCKS)


def _undisturbed(make_driver: MakeDriver, scripted_pool: Pool) -> pd.DataFrame:
    driver, ledger = make_driver("undisturbed")
    assert driver.run(scripted_pool(1)) == "schedule"
    return _table(ledger)


def test_driver_bounded_search_has_a_row_per_trial(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A search of 30 trials leaves 30 rows, and no network twice at one budget."""
    table = _undisturbed(make_driver, scripted_pool)

    assert len(table) == 30
    assert set(table["status"]) == {"completed"}
    assert not table.duplicated(["key", "epochs"]).any()


@pytest.mark.parametrize("workers", [2, 5])
@pytest.mark.parametrize("order", ["fifo", "lifo"])
def test_driver_any_workers_give_the_same_table(
    make_driver: MakeDriver, scripted_pool: Pool, workers: int, order: str
) -> None:
    """Which worker ends first changes nothing but clocks."""
    driver, ledger = make_driver("several")
    driver.run(scripted_pool(workers, order=order))

    pd.testing.assert_frame_equal(
        _undisturbed(make_driver, scripted_pool), _table(ledger)
    )


@pytest.mark.parametrize("kill_after", [1, 2, 5, 9, 10, 14, 20, 29])
def test_driver_killed_and_restarted_gives_the_same_table(
    make_driver: MakeDriver,
    scripted_pool: Pool,
    simulated_kill: type[BaseException],
    kill_after: int,
) -> None:
    """Killed after any number of trials, the search ends as if it had not been."""

    def fate(task: Task, attempt: int) -> str:
        return "crash" if len(pool.submitted) >= kill_after else "score"

    pool = scripted_pool(2, fate)
    driver, _ = make_driver("killed")
    with pytest.raises(simulated_kill):
        driver.run(pool)

    again, ledger = make_driver("killed")
    again.run(scripted_pool(2))

    pd.testing.assert_frame_equal(
        _undisturbed(make_driver, scripted_pool), _table(ledger)
    )


@pytest.mark.parametrize("kill_after", [*range(2, 30, 3)])
def test_driver_learning_proposer_killed_and_restarted_gives_the_same_table(
    make_driver: MakeDriver,
    scripted_pool: Pool,
    simulated_kill: type[BaseException],
    kill_after: int,
) -> None:
    """What a proposer had learned is known again from the ledger alone."""
    alone, whole = make_driver("alone", proposer=LearningProposer())
    alone.run(scripted_pool(1))

    def fate(task: Task, attempt: int) -> str:
        return "crash" if len(pool.submitted) >= kill_after else "score"

    pool = scripted_pool(3, fate, order="lifo")
    driver, _ = make_driver("killed", proposer=LearningProposer())
    with pytest.raises(simulated_kill):
        driver.run(pool)
    again, ledger = make_driver("killed", proposer=LearningProposer())
    again.run(scripted_pool(2))

    assert len(_table(whole)) == 30
    pd.testing.assert_frame_equal(_table(whole), _table(ledger))


def test_driver_restarted_takes_proposals_from_the_ledger(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A proposer that would choose otherwise now repeats what it chose before."""
    before, ledger = make_driver("search", max_trials=6)
    before.run(scripted_pool(1))
    chosen = [line.architecture for line in ledger.of(TrialCreated)]
    other = LearningProposer()
    other.tell(ProposalOutcome(chosen[-1], 0.5, epochs=50))
    again, _ = make_driver("search", max_trials=6, proposer=other)

    assert [trial.architecture for trial in again.trials.values()] == chosen
    assert other.ask(Bounds()) not in chosen


def test_driver_killed_at_every_ledger_line_gives_the_same_table(
    make_driver: MakeDriver, scripted_pool: Pool, tmp_path: Path
) -> None:
    """A ledger cut after any line, even inside one, leads to the same end."""
    expected = _undisturbed(make_driver, scripted_pool)
    whole = (tmp_path / "undisturbed" / "ledger.jsonl").read_bytes()
    for cut in range(0, len(whole), len(whole) // 25):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        (folder / "ledger.jsonl").write_bytes(whole[:cut])
        driver, ledger = make_driver(folder.name)
        driver.run(scripted_pool(2))

        pd.testing.assert_frame_equal(expected, _table(ledger))


def test_driver_restarted_with_slope_places_promotes_the_same(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """The slopes a promotion looked at are there again after a restart."""
    driver, ledger = make_driver("slopes", slope_places=1, factor=2, max_trials=20)
    driver.run(scripted_pool(1))
    again, _ = make_driver("slopes", slope_places=1, factor=2, max_trials=20)

    assert list(again.trials) == list(driver.trials)
    assert len(_table(ledger)) == 20


@pytest.mark.parametrize(
    ("objective", "steepest"), [("accuracy", 7), ("balanced_accuracy", 8)]
)
def test_driver_slope_place_looks_at_the_objective(
    make_driver: MakeDriver, scripted_pool: Pool, objective: str, steepest: int
) -> None:
    """The place for slow starters goes to the steepest slope of what is maximised."""

    def climbing(slow: int) -> Callable[[int, int], float]:
        return lambda width, n: 0.1 + 0.1 * n if width == slow else 0.9 - width / 100

    pool = scripted_pool(1, curve=climbing(7), balanced=climbing(8))
    driver, _ = make_driver(
        slope_places=1, min_epochs=3, max_epochs=27, max_trials=16, objective=objective
    )
    driver.run(pool)

    promoted = [t.architecture.stages[0].width for t in pool.submitted if t.epoch_start]
    assert promoted == [1, 2, steepest, steepest]


def test_driver_killed_between_checkpoint_and_epoch_line_loses_no_row(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """An epoch whose line was never written is in the table, from the trial's end."""
    pool = scripted_pool(1)
    wait = pool.wait

    def without_epochs(timeout_s: float) -> list[Event]:
        return [event for event in wait(timeout_s) if event.kind != "epoch"]

    pool.wait = without_epochs
    driver, ledger = make_driver("unsaid")
    driver.run(pool)

    assert ledger.of(EpochTrained) == []
    pd.testing.assert_frame_equal(
        _undisturbed(make_driver, scripted_pool), _table(ledger)
    )


def test_driver_results_on_images_are_kept_and_known_after_a_restart(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """What a trial classified correctly is in its line, and with its outcome again."""
    driver, ledger = make_driver("right", max_trials=4)  # its bracket stays open
    driver.run(scripted_pool(2))
    again, _ = make_driver("right", max_trials=4)

    def rights(one: Driver) -> dict[str, Any]:
        return {t.name: t.outcome and t.outcome.right for t in one.trials.values()}

    assert len(set(rights(driver).values())) > 1
    assert all(rights(driver).values())
    assert {e.trial: e.right for e in ledger.of(TrialEnded)} == rights(driver)
    assert rights(again) == rights(driver)


def test_driver_lost_worker_costs_one_attempt_only(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A trial whose worker is lost once is tried again and loses nothing."""
    driver, ledger = make_driver("lost")
    driver.run(scripted_pool(2, lambda _, attempt: "lost" if attempt == 1 else "score"))

    pd.testing.assert_frame_equal(
        _undisturbed(make_driver, scripted_pool), _table(ledger)
    )
    assert len(ledger.of(WorkerLost)) == 30


def test_driver_twice_lost_and_failed_trials_are_rows_with_reasons(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A trial that cannot be trained is a failed row, and the search goes on."""

    def fate(task: Task, _: int) -> str:
        width = task.architecture.stages[0].width
        return {1: "lost", 2: "failed"}.get(width, "score")

    driver, ledger = make_driver("failed")
    driver.run(scripted_pool(2, fate))
    failed = _table(ledger).query("status == 'failed'")

    assert list(failed["reason"]) == [
        "the worker was lost 2 times: signal 9",
        "ValueError: planted",
    ]
    assert len(_table(ledger)) == 30


def test_driver_out_of_memory_is_tried_with_half_the_batch(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A trial out of memory gets one more attempt, and its rungs stay halved."""

    def fate(task: Task, attempt: int) -> str:
        width = task.architecture.stages[0].width
        return (
            "oom" if width == 9 and attempt == 1 and not task.epoch_start else "score"
        )

    driver, ledger = make_driver("oom")
    driver.run(scripted_pool(2, fate))

    assert [line.trial for line in ledger.of(BatchHalved)] == ["i0-b2-r0-n008"]
    batches = trial_rows(ledger.events)
    halved = {json.loads(row.architecture)["recipe"]["batch_size"] for row in batches}
    assert sorted(halved) == [BATCH // 2, BATCH]
    named = ["key", "architecture"]  # these tell that the batch is another one
    pd.testing.assert_frame_equal(
        _undisturbed(make_driver, scripted_pool).drop(columns=named),
        _table(ledger).drop(columns=named),
    )


@pytest.mark.parametrize(
    "number",
    [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOENT],
)
def test_driver_outage_ends_the_search_and_loses_no_trial(
    make_driver: MakeDriver, scripted_pool: Pool, number: int
) -> None:
    """Storage that fails is no failed trial: after it the search goes on unharmed."""

    def fate(task: Task, attempt: int) -> str | int:
        return "score" if len(pool.submitted) <= 12 else number

    driver, _ = make_driver("outage")
    pool = scripted_pool(2, fate)
    with pytest.raises(OSError, match=os.strerror(number)):
        driver.run(pool)
    again, ledger = make_driver("outage")
    again.run(scripted_pool(2))

    pd.testing.assert_frame_equal(
        _undisturbed(make_driver, scripted_pool), _table(ledger)
    )


def test_driver_nothing_trains_gives_up_with_the_reason(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A search in which the first ten trials all fail ends with why."""
    driver, _ = make_driver("hopeless")

    with pytest.raises(SearchError, match="ValueError: planted"):
        driver.run(scripted_pool(1, lambda *_: "failed"))


def test_driver_extended_search_begins_with_the_shorter_one(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """More trials in the same folder continue the search instead of repeating it."""
    driver, _ = make_driver("longer", max_trials=12)
    driver.run(scripted_pool(2))
    longer, ledger = make_driver("longer", max_trials=30)
    pool = scripted_pool(2)
    longer.run(pool)

    pd.testing.assert_frame_equal(
        _undisturbed(make_driver, scripted_pool), _table(ledger)
    )
    assert len(pool.submitted) == 18


def test_driver_other_seed_in_the_ledger_is_refused(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A ledger that another search wrote is not continued."""
    driver, ledger = make_driver("other")
    driver.run(scripted_pool(1))
    first = ledger.of(TrialCreated)[0]
    path = ledger._path
    path.write_text(path.read_text().replace(first.key, "0" * 12))

    with pytest.raises(SearchError, match="does not fit"):
        make_driver("other")


@pytest.mark.parametrize("event", ["created", "ended"])
def test_driver_ledger_that_two_runs_have_written_is_refused_with_a_way_out(
    make_driver: MakeDriver, scripted_pool: Pool, event: str
) -> None:
    """Whichever line came in twice, the error names what helps."""
    driver, ledger = make_driver("spoilt", max_trials=6)
    driver.run(scripted_pool(1))
    path = ledger._path
    lines = path.read_text().splitlines()
    twice = next(line for line in lines[3:] if f'"event": "{event}"' in line)
    path.write_text("\n".join([*lines, twice]) + "\n")

    with pytest.raises(LedgerMismatchError, match=r"on_change: restart.*nas clean"):
        make_driver("spoilt", max_trials=30)


def test_driver_with_lower_limits_than_its_ledger_says_so(
    make_driver: MakeDriver, scripted_pool: Pool
) -> None:
    """A limit below what is there ends in a message, not in a traceback."""
    driver, _ = make_driver("lowered", max_trials=12)
    driver.run(scripted_pool(1))

    with pytest.raises(LedgerMismatchError, match="no more trials within the limits"):
        make_driver("lowered", max_trials=4)
