"""Counts the seconds some work has taken, over all its sessions and kills."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typing_extensions import Self

TICK_S = 0.2

logger = logging.getLogger(__name__)


class WorkClock:
    """A clock that stands still between the sessions of one piece of work.

    While it ticks it notes the time in a file, so that a kill loses a fifth of a
    second and not what was done since the last result.

    Args:
        path: The file.
        before_s: Seconds of all sessions before this one.
        began: When this session began, on `time.monotonic`'s clock; None for now.

    Attributes:
        before_s: Seconds of all sessions before this one.
    """

    def __init__(
        self, path: Path, *, before_s: float = 0.0, began: float | None = None
    ) -> None:
        self._path = path
        self.before_s = before_s
        self._began: float | None = time.monotonic() if began is None else began

    @classmethod
    def resume(cls, path: Path, *, began: float | None = None) -> Self:
        """Return the clock of work that may have been begun before.

        Args:
            path: The file.
            began: When this session began; None for now.
        """
        return cls(path, before_s=noted_seconds(path), began=began)

    @property
    def seconds(self) -> float:
        """Seconds worked, all sessions together."""
        if self._began is None:
            return self.before_s
        return self.before_s + time.monotonic() - self._began

    def deadline(self, limit_s: float | None) -> float | None:
        """Return when so many seconds will have been worked, if work goes on.

        Args:
            limit_s: Seconds of all sessions together; None for no limit.

        Returns:
            An instant on `time.monotonic`'s clock, perhaps past; None for no limit.
        """
        return None if limit_s is None else time.monotonic() + limit_s - self.seconds

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Note the time five times a second, in a thread, for the length of a block."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        done = threading.Event()

        def tick() -> None:
            while not done.wait(TICK_S):
                self._note()

        thread = threading.Thread(target=tick, name="work-clock", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self._note()

    def put_forward(self, before_s: float) -> float:
        """Let earlier sessions have taken at least so many seconds.

        Returns:
            The seconds that were added.
        """
        added = max(0.0, before_s - self.before_s)
        self.before_s += added
        return added

    def leave_out_session(self) -> None:
        """Count nothing for this session, which only read what there was."""
        self._began = None
        self._note()

    def remove(self) -> None:
        """Delete the file: the work is done, and its seconds are recorded elsewhere."""
        self._path.unlink(missing_ok=True)

    def _note(self) -> None:
        beside = self._path.with_name(f".{self._path.name}.tmp")
        try:
            # not synced: a machine that loses power may lose some seconds of a clock
            beside.write_text(f"{self.seconds:.3f}\n")
            beside.replace(self._path)
        except OSError:
            logger.debug("The clock could not be noted.", exc_info=True)


def noted_seconds(path: Path) -> float:
    """Return the seconds a clock's file holds, 0 where it cannot be read."""
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return 0.0
