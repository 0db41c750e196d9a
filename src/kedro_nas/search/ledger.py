"""The search's memory: one JSON line per event, and nothing else.

Whatever the search knows can be rebuilt from here: the oracle by replaying it, the
trials table, every figure. A line is synced before the event counts; a line torn by a
kill is cut off, said, and its event happens again.
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
    """The ledger cannot be replayed: other limits, or two runs wrote at once.

    Args:
        received: What the ledger holds.
        expected: What this search would have at its place.
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
    """An append-only file of events, with the search's own clock.

    The clock stands still between sessions: it counts the seconds a search has worked,
    over all its kills. An event can be an epoch away, so a beating ledger also notes
    the time beside its file; a kill then loses a fifth of a second, not an epoch.

    Args:
        path: The file, `ledger.jsonl`.
        began: When this session began, on `time.monotonic`'s clock; None for now.

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
        """Seconds the search has worked, all sessions together."""
        return self._clock.seconds

    def beating(self) -> AbstractContextManager[None]:
        """Note the time five times a second, in a thread, for the length of a block."""
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
