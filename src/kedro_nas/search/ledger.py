"""The ledger: the complete state of a search, one JSON line per event.

Everything else can be rebuilt from it: the oracle by replaying it, the trials table,
every figure. A line is synced to disk before its event takes effect; a line left
incomplete by a kill is removed with a log message, and its event is repeated.
"""

from __future__ import annotations

import json
import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from kedro_nas.errors import SearchError
from kedro_nas.files import append_json_line, write_atomically
from kedro_nas.work_clock import WorkClock, noted_seconds

logger = logging.getLogger(__name__)


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

    Attributes:
        events: All events, oldest first; each has `event` and `t` (seconds).
    """

    def __init__(self, path: Path, *, began: float | None = None) -> None:
        self._path = path
        self.events: list[dict[str, Any]] = _read(path)
        clock, before = path.with_name("clock.txt"), 0.0
        if self.events:
            before = max(float(self.events[-1]["t"]), noted_seconds(clock))
        self._clock = WorkClock(clock, before_s=before, began=began)

    @property
    def seconds(self) -> float:
        """Seconds the search has run, all sessions together."""
        return self._clock.seconds

    def beating(self) -> AbstractContextManager[None]:
        """Save the time five times a second within a `with` block, in a thread."""
        return self._clock.ticking()

    def append(self, event: str, **fields: Any) -> dict[str, Any]:
        """Write an event and sync it."""
        line = {"event": event, "t": round(self.seconds, 3), **fields}
        append_json_line(self._path, line)
        self.events.append(line)
        return line

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the events of some kinds, oldest first."""
        return [event for event in self.events if event["event"] in kinds]


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    whole = []
    content = path.read_bytes()
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        try:
            whole.append(json.loads(line))
        except ValueError:
            break
    good = b"".join(json.dumps(event).encode() + b"\n" for event in whole)
    if content.count(b"\n") != len(whole) or not content.endswith(b"\n"):
        logger.warning(
            "The ledger %s was torn after event %d; the rest is done again.",
            path,
            len(whole),
        )
        write_atomically(path, lambda file: file.write(good))
    return whole
