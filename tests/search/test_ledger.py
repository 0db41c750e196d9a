"""The search's memory survives what happens to files."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from kedro_nas import files
from kedro_nas.search import ledger
from kedro_nas.search.ledger import Ledger, LedgerMismatchError, read_lines
from kedro_nas.search.ledger_lines import (
    SearchBegun,
    SearchIdentity,
    TrialCreated,
    TrialStarted,
)
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.work_clock import TICK_S

BEGUN = SearchBegun(belongs=SearchIdentity({"seed": 0}), seed=0)
NETWORK = Architecture(
    input_shape=(8, 8, 1),
    n_classes=2,
    stem=Stem(width=8, kernel_size=3, stride=1),
    stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=1),),
)


def created(name: str) -> TrialCreated:
    """Give the line of a trial on the first rung."""
    return TrialCreated(
        trial=name,
        key=NETWORK.key,
        architecture=NETWORK,
        iteration=0,
        bracket=0,
        rung=0,
        epoch_start=0,
        epochs=1,
    )


def test_ledger_reopened_has_all_events_and_its_clock_goes_on(tmp_path: Path) -> None:
    """Reopening gives the same events, and the clock never runs backwards."""
    path = tmp_path / "ledger.jsonl"
    first = Ledger(path)
    first.append(BEGUN)
    first.append(created("a"))

    again = Ledger(path)

    assert [line.event for line in again.events] == ["begun", "created"]
    assert again.seconds >= first.events[-1].t
    assert again.events == first.events


def test_ledger_is_synced_once_a_second_and_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many workers do not wait for the disk, and no line waits in this process."""
    now, synced = [0.0], []
    monkeypatch.setattr(ledger.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(files.os, "fsync", lambda _: synced.append(now[0]))
    path = tmp_path / "ledger.jsonl"
    log = Ledger(path, began=0.0)

    for number, seconds in enumerate((0.0, 0.4, 0.9, 1.1, 1.5), 1):
        now[0] = seconds
        log.append(created(str(number)))
        assert len(read_lines(path)) == number

    assert synced == [0.0, 1.1]


@pytest.mark.parametrize("cut", [2, 5, 20])
def test_ledger_torn_line_is_cut_off_and_said(
    tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A line torn by a kill is dropped with a warning, and the file is whole again."""
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.append(BEGUN)
    ledger.append(created("a-trial-with-a-long-name"))
    path.write_bytes(path.read_bytes()[:-cut])

    with caplog.at_level(logging.WARNING):
        again = Ledger(path)

    again.append(created("b"))
    assert "torn after event 1" in caplog.text
    assert [line.event for line in Ledger(path).events] == ["begun", "created"]
    assert [line.trial for line in Ledger(path).of(TrialCreated)] == ["b"]


def test_ledger_keeps_no_line_about_a_trial_in_memory(tmp_path: Path) -> None:
    """A million of them are in the file alone, and are read when they are wanted."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert ledger.is_empty
    ledger.append(BEGUN)
    for number in range(20):
        ledger.append(created(str(number)))

    assert not ledger.is_empty
    assert [line.event for line in ledger._others] == ["begun"]
    assert [line.event for line in Ledger(ledger._path)._others] == ["begun"]
    assert len(list(ledger.replay())) == 21
    assert len(ledger.of(TrialCreated)) == 20
    assert ledger.of(TrialStarted) == []


def test_ledger_of_gives_lines_of_that_kind_in_order(tmp_path: Path) -> None:
    """Filtering keeps the order of events."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(BEGUN)
    for name in ("a", "b"):
        ledger.append(created(name))
        ledger.append(TrialStarted(trial=name, worker=0))

    assert [line.trial for line in ledger.of(TrialCreated)] == ["a", "b"]


def test_ledger_line_of_another_version_is_named(tmp_path: Path) -> None:
    """A line that cannot be read is refused with its number, its field and a remedy."""
    path = tmp_path / "ledger.jsonl"
    Ledger(path).append(BEGUN)
    with path.open("a") as file:
        file.write('{"event": "started", "t": 1.0, "trial": "a"}\n')

    with pytest.raises(LedgerMismatchError, match=r"line 2 of .*worker.*nas clean"):
        Ledger(path)


def test_read_lines_changes_no_file_that_another_process_writes(tmp_path: Path) -> None:
    """An unfinished last line is left alone, and without a file there are no lines."""
    path = tmp_path / "ledger.jsonl"
    assert read_lines(path) == []
    Ledger(path).append(BEGUN)
    unfinished = path.read_text() + '{"event": "sta'
    path.write_text(unfinished)

    assert [line.event for line in read_lines(path)] == ["begun"]
    assert path.read_text() == unfinished


def test_ledger_beating_keeps_the_time_since_the_last_event(tmp_path: Path) -> None:
    """A session killed in a long epoch is not shorter for having said nothing."""
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.append(BEGUN)
    with ledger.beating():
        time.sleep(3 * TICK_S)
        killed_here = Ledger(path).seconds

    assert killed_here >= 2 * TICK_S
    assert Ledger(path).seconds >= 3 * TICK_S


def test_ledger_clock_without_events_belongs_to_another_search(tmp_path: Path) -> None:
    """A ledger that was taken away begins at zero, whatever lies beside it."""
    (tmp_path / "clock.txt").write_text("500.0")

    assert Ledger(tmp_path / "ledger.jsonl").seconds < 100
