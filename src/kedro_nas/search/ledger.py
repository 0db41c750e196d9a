"""The ledger: the complete state of a search, one JSON line per event.

Everything else can be rebuilt from it: the oracle by replaying it, the trials table,
every figure. A line is written before its event takes effect; a line left incomplete
by a kill is removed with a log message, and its event is repeated. Lines are synced to
disk at most once a second; what a failing machine loses of them is done again. Lines
about trials are not kept in memory: there can be a million of them.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from kedro_nas.errors import SearchError
from kedro_nas.files import append_line
from kedro_nas.search.ledger_lines import LedgerLine, Line, TrialLine, parse_line
from kedro_nas.work_clock import WorkClock, noted_seconds

logger = logging.getLogger(__name__)
# a sync takes 8 to 11 ms, three quarters of the driver's time with many workers
SYNC_S = 1.0
AnyLine = TypeVar("AnyLine", bound=Line)


class LedgerMismatchError(SearchError):
    """The ledger cannot be replayed: the limits differ, or two runs wrote to it.

    Args:
        received: Event in the ledger.
        expected: Event that this search expects in its place.
    """

    def __init__(self, received: str, expected: str) -> None:
        super().__init__(
            "the ledger does not fit this search",
            received=received,
            allowed=expected,
            remedy="Undo a limit that was lowered; or set nas.search.on_change: "
            "restart to begin anew (the old search is kept beside it); or remove the "
            "workspace with `kedro nas clean`",
        )


class Ledger:
    """An append-only file of events, with the clock of the search.

    The clock stops between sessions: it counts the seconds a search has run, over all
    its sessions. Since events can be an epoch apart, the time is also saved in a file
    beside the ledger (see `beating`); a kill then loses a fifth of a second, not an
    epoch.

    Args:
        path: The file, `ledger.jsonl`.
        began: Start of this session on `time.monotonic`'s clock; None for now.
    """

    def __init__(self, path: Path, *, began: float | None = None) -> None:
        self._path = path
        _drop_torn_line(path)
        self._others: list[LedgerLine] = []  # those that are not about a trial
        last: LedgerLine | None = None
        for last in self.replay():
            if not isinstance(last, TrialLine):
                self._others.append(last)
        clock, before = path.with_name("clock.txt"), 0.0
        if last is not None:
            before = max(last.t, noted_seconds(clock))
        self._clock = WorkClock(clock, before_s=before, began=began)
        self._synced = -math.inf

    @property
    def seconds(self) -> float:
        """Seconds the search has run, all sessions together."""
        return self._clock.seconds

    def beating(self) -> AbstractContextManager[None]:
        """Save the time five times a second within a `with` block, in a thread."""
        return self._clock.ticking()

    def append(self, line: LedgerLine) -> None:
        """Add the time to a line and write it."""
        t = round(self.seconds, 3)
        now = time.monotonic()
        sync = now - self._synced >= SYNC_S
        # pydantic writes it twice as fast as json does; NaN becomes null
        fields = line.model_dump_json(exclude={"event", "t"})
        text = f'{{"event": "{line.event}", "t":{t}, {fields[1:]}'
        append_line(self._path, text.encode(), sync=sync)
        if sync:
            self._synced = now
        if not isinstance(line, TrialLine):
            self._others.append(line.model_copy(update={"t": t}))

    @property
    def is_empty(self) -> bool:
        """Whether no search has begun here."""
        return not self._others

    def replay(self) -> Iterator[LedgerLine]:
        """Read all lines from the file, oldest first, one at a time.

        Raises:
            LedgerMismatchError: A line is not one that this version writes.
        """
        return _parsed(self._path, _whole_lines(self._path))

    @property
    def events(self) -> list[LedgerLine]:
        """All lines, oldest first, read from the file."""
        return list(self.replay())

    def of(self, kind: type[AnyLine]) -> list[AnyLine]:
        """Return the lines of a kind, oldest first."""
        if not issubclass(kind, TrialLine):
            return lines_of(self._others, kind)
        event = kind.model_fields["event"].default
        values = (
            value
            for value in _whole_lines(self._path)
            if isinstance(value, dict) and value.get("event") == event
        )
        return lines_of(_parsed(self._path, values), kind)


def lines_of(events: Iterable[LedgerLine], kind: type[AnyLine]) -> list[AnyLine]:
    """Return the lines of a kind, in their order."""
    return [line for line in events if isinstance(line, kind)]


def read_lines(path: Path) -> list[LedgerLine]:
    """Read the complete lines of a ledger, perhaps while a search is writing it.

    Args:
        path: The file; without it there are no lines.

    Raises:
        LedgerMismatchError: A line is not one that this version writes.
    """
    return list(_parsed(path, _whole_lines(path)))


def _whole_lines(path: Path) -> Iterator[object]:
    """Yield the JSON values of the lines before the first that is incomplete."""
    if path.exists():
        with path.open("rb") as file:
            yield from _values(file)


def _values(lines: Iterable[bytes]) -> Iterator[object]:
    for line in lines:
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except ValueError:
            return


def parse_lines(
    path: Path, content: bytes, *, first_number: int = 1
) -> list[LedgerLine]:
    """Return the lines of a part of a ledger, up to the first that is incomplete.

    Args:
        path: The ledger, for messages.
        content: The part; it begins with a line.
        first_number: Number of that line in the ledger, from 1.

    Raises:
        LedgerMismatchError: A line is not one that this version writes.
    """
    return list(_parsed(path, _values(content.splitlines()), first_number))


def _parsed(
    path: Path, values: Iterable[object], first_number: int = 1
) -> Iterator[LedgerLine]:
    numbered = enumerate(values, first_number)
    return (_line(path, number, value) for number, value in numbered)


def _line(path: Path, number: int, value: object) -> LedgerLine:
    try:
        return parse_line(value)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(["the line", *map(str, fault["loc"])])
        raise LedgerMismatchError(
            f"line {number} of {path}: {place}: {fault['msg']}",
            "a line that this version writes",
        ) from error


def _drop_torn_line(path: Path) -> None:
    """Remove a line that a kill has left incomplete, and what is after it."""
    if not path.exists():
        return
    whole = number = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n") or not _is_json(line):
                break
            whole, number = whole + len(line), number + 1
    if whole < path.stat().st_size:
        logger.warning(
            "The ledger %s was torn after event %d; the rest is done again.",
            path,
            number,
        )
        os.truncate(path, whole)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
