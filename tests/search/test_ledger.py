"""The search's memory survives what happens to files."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from kedro_nas.search.ledger import Ledger
from kedro_nas.work_clock import TICK_S


def test_ledger_reopened_has_all_events_and_its_clock_goes_on(tmp_path: Path) -> None:
    """Reopening gives the same events, and the clock never runs backwards."""
    path = tmp_path / "ledger.jsonl"
    first = Ledger(path)
    first.append("begun", seed=0)
    last = first.append("created", trial="a")

    again = Ledger(path)

    assert [e["event"] for e in again.events] == ["begun", "created"]
    assert again.seconds >= last["t"]


@pytest.mark.parametrize("cut", [2, 5, 20])
def test_ledger_torn_line_is_cut_off_and_said(
    tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A line torn by a kill is dropped with a warning, and the file is whole again."""
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.append("begun", seed=0)
    ledger.append("created", trial="a-trial-with-a-long-name")
    path.write_bytes(path.read_bytes()[:-cut])

    with caplog.at_level(logging.WARNING):
        again = Ledger(path)

    again.append("created", trial="b")
    assert "torn after event 1" in caplog.text
    assert [e.get("trial") for e in Ledger(path).events] == [None, "b"]


def test_ledger_of_gives_events_of_those_kinds_in_order(tmp_path: Path) -> None:
    """Filtering keeps the order of events."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for kind in ("created", "epoch", "ended", "created"):
        ledger.append(kind)

    assert [e["event"] for e in ledger.of("created", "ended")] == [
        "created",
        "ended",
        "created",
    ]


def test_ledger_beating_keeps_the_time_since_the_last_event(tmp_path: Path) -> None:
    """A session killed in a long epoch is not shorter for having said nothing."""
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.append("begun", seed=0)
    with ledger.beating():
        time.sleep(3 * TICK_S)
        killed_here = Ledger(path).seconds

    assert killed_here >= 2 * TICK_S
    assert Ledger(path).seconds >= 3 * TICK_S


def test_ledger_clock_without_events_belongs_to_another_search(tmp_path: Path) -> None:
    """A ledger that was taken away begins at zero, whatever lies beside it."""
    (tmp_path / "clock.txt").write_text("500.0")

    assert Ledger(tmp_path / "ledger.jsonl").seconds < 100
