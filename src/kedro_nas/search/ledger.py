"""The search's memory: one JSON line per event, and nothing else.

Whatever the search knows can be rebuilt from here: the oracle by replaying it, the
trials table, every figure. A line is synced before the event counts; a line torn by a
kill is cut off, said, and its event happens again.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kedro_nas.files import append_json_line, write_atomically

BEAT_S = 0.2

logger = logging.getLogger(__name__)


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
        self._clock = path.with_name("clock.txt")
        self.events: list[dict[str, Any]] = _read(path)
        last = float(self.events[-1]["t"]) if self.events else 0.0
        self._before = max(last, _noted(self._clock)) if self.events else 0.0
        self._began = time.monotonic() if began is None else began

    @property
    def seconds(self) -> float:
        """Seconds the search has worked, all sessions together."""
        return self._before + time.monotonic() - self._began

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Note the time five times a second, in a thread, for the length of a block."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(BEAT_S):
                self._note()

        thread = threading.Thread(target=beat, name="ledger-clock", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self._note()

    def _note(self) -> None:
        beside = self._clock.with_name(f".{self._clock.name}.tmp")
        try:
            # not synced: a machine that loses power may lose some seconds of a clock
            beside.write_text(f"{self.seconds:.3f}\n")
            beside.replace(self._clock)
        except OSError:
            logger.debug("The clock could not be noted.", exc_info=True)

    def append(self, event: str, **fields: Any) -> dict[str, Any]:
        """Write an event and sync it."""
        line = {"event": event, "t": round(self.seconds, 3), **fields}
        append_json_line(self._path, line)
        self.events.append(line)
        return line

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the events of some kinds, oldest first."""
        return [event for event in self.events if event["event"] in kinds]


def _noted(clock: Path) -> float:
    try:
        return float(clock.read_text())
    except (OSError, ValueError):
        return 0.0


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
