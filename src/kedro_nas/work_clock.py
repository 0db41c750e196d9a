"""Measures the seconds that some work has taken over all its sessions."""

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
    """A clock that runs only during the sessions of one piece of work.

    It writes the time to a file five times a second, so that at most 0.2 s are lost
    when the process is killed.

    Args:
        path: The file.
        before_s: Seconds of all sessions before this one.
        began: Start of this session on `time.monotonic`'s clock; None for now.

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
        """Return the clock of work that may have been started in an earlier session.

        Args:
            path: The file.
            began: Start of this session; None for now.
        """
        return cls(path, before_s=noted_seconds(path), began=began)

    @property
    def seconds(self) -> float:
        """Seconds of all sessions together."""
        if self._began is None:
            return self.before_s
        return self.before_s + time.monotonic() - self._began

    def deadline(self, limit_s: float | None) -> float | None:
        """Return when a limit of seconds will be reached if the work continues.

        Args:
            limit_s: Seconds of all sessions together; None for no limit.

        Returns:
            A time on `time.monotonic`'s clock, possibly past; None for no limit.
        """
        return None if limit_s is None else time.monotonic() + limit_s - self.seconds

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Write the time to the file five times a second while the block runs."""
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
        """Raise the seconds of earlier sessions to at least a value.

        Returns:
            The seconds added.
        """
        added = max(0.0, before_s - self.before_s)
        self.before_s += added
        return added

    def leave_out_session(self) -> None:
        """Do not count this session, in which nothing was computed."""
        self._began = None
        self._note()

    def remove(self) -> None:
        """Delete the file after the work is done and its seconds are recorded."""
        self._path.unlink(missing_ok=True)

    def _note(self) -> None:
        beside = self._path.with_name(f".{self._path.name}.tmp")
        try:
            # not synced: after a loss of power some seconds may be missing
            beside.write_text(f"{self.seconds:.3f}\n")
            beside.replace(self._path)
        except OSError:
            logger.debug("The clock could not be written.", exc_info=True)


def noted_seconds(path: Path) -> float:
    """Return the seconds in a clock's file, 0 if it cannot be read."""
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return 0.0
