"""`kedro_nas.search.ledger_tail`: a ledger read while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.ledgers import BEGUN, HEAD, SESSION, created, started, write_lines

from kedro_nas.search.ledger import LedgerMismatchError
from kedro_nas.search.ledger_tail import LedgerTail


def test_tail_gives_each_line_once(tmp_path: Path) -> None:
    """What was read is not read again, and nothing is left out."""
    path = tmp_path / "ledger.jsonl"
    tail = LedgerTail(path)
    before = tail.read()
    write_lines(path, HEAD)
    first = tail.read()
    write_lines(path, [created("a")])
    second, third = tail.read(), tail.read()

    assert before.lines == third.lines == []
    assert first.lines == [*HEAD]
    assert second.lines == [created("a")]
    assert [first.from_the_start, second.from_the_start] == [True, False]


def test_tail_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    """Half a line is what another process has just begun to write."""
    path = tmp_path / "ledger.jsonl"
    write_lines(path, HEAD)
    whole = path.read_bytes()
    tail = LedgerTail(path)
    path.write_bytes(whole[:-20])
    first = tail.read()
    path.write_bytes(whole)
    second = tail.read()

    assert first.lines == [BEGUN]
    assert second.lines == [SESSION]


def test_tail_of_a_ledger_that_was_replaced_begins_again(tmp_path: Path) -> None:
    """A search that starts anew writes another file under the same name."""
    path = tmp_path / "ledger.jsonl"
    write_lines(path, [*HEAD, created("a")])
    tail = LedgerTail(path)
    tail.read()
    path.rename(tmp_path / "aside.jsonl")
    write_lines(path, [*HEAD, created("b"), started("b")])
    found = tail.read()

    assert found.from_the_start
    assert found.lines == [*HEAD, created("b"), started("b")]


def test_tail_of_a_line_of_another_version_names_its_number(tmp_path: Path) -> None:
    """Whoever looks on is told which line cannot be read, again and again."""
    path = tmp_path / "ledger.jsonl"
    write_lines(path, HEAD)
    tail = LedgerTail(path)
    tail.read()
    with path.open("a") as file:
        file.write('{"event": "unheard of"}\n')

    for _ in range(2):
        with pytest.raises(LedgerMismatchError, match=r"line 3 of .*ledger\.jsonl"):
            tail.read()
