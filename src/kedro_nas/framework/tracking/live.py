"""Tells trackers of each trial while a search runs, in a thread for each tracker.

The thread reads the search's ledger as the search writes it. The search itself knows no
tracker and waits for none: one that is slow falls behind, one that fails is tried
again, and both catch up from the file.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kedro_nas.framework.tracking.values import TrialRun, trial_run
from kedro_nas.search.ledger_tail import LedgerTail
from kedro_nas.search.trial_progress import SearchProgressReader, TrialProgress

logger = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks at the ledger; an epoch takes longer
LONGEST_PAUSE_S = 30.0  # between two attempts with a tracker that fails
LAST_ATTEMPTS = 3  # with a tracker that fails when the run is over


class LiveTracker(Protocol):
    """What is told of the trials of a search; all calls come from one thread.

    Each call may raise; it is made again, with the trial as it is by then.
    """

    def begin(self, search_id: str) -> None:
        """Prepare for the trials of a search, which may have been tracked in part.

        Args:
            search_id: Is the same after the search is resumed.
        """

    def track(self, trial: TrialProgress, run: TrialRun, *, began: float) -> None:
        """Log what is new of a trial.

        Args:
            trial: The trial as far as it has come.
            run: The same, as names and numbers.
            began: When the search's clock was 0, seconds since 1970.
        """

    def after_look(self, ended_by: str | None) -> None:
        """Let what was logged be seen.

        Args:
            ended_by: What ended the search, None while it goes on.
        """

    def close(self) -> None:
        """Give back files and threads: nothing more will be told."""


class LiveTracking:
    """A thread that tells one tracker of the trials of one search.

    Args:
        name: Of the tracker, for messages.
        ledger: The search's ledger, which need not exist yet.
        open_tracker: Returns the tracker; called in the thread.
        look_s: Seconds between two looks at the ledger.
    """

    def __init__(
        self,
        name: str,
        ledger: Path,
        open_tracker: Callable[[], LiveTracker],
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._name = name
        self._tail = LedgerTail(ledger)
        self._open = open_tracker
        self._look_s = look_s
        self._tracker: LiveTracker | None = None
        self._reader = SearchProgressReader()
        self._began = float("inf")
        self._is_new = False
        self._pending: dict[str, TrialProgress] = {}
        self._failures = 0
        self._has_warned = False
        self._over = threading.Event()
        # a process that ends waits for no tracker
        self._thread = threading.Thread(
            target=self._run, name=f"kedro-nas {name}", daemon=True
        )

    def start(self) -> None:
        """Start to look at the ledger."""
        self._thread.start()

    def search_is_over(self) -> None:
        """Let the thread end once it has told everything; do not wait for it."""
        self._over.set()

    def finish(self, timeout_s: float) -> None:
        """Wait until everything is told, or warn of what is not.

        Args:
            timeout_s: Longest time to wait.
        """
        self._over.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._warn(f"it is still busy {timeout_s:.0f} s after the run")

    def _run(self) -> None:
        while True:
            # first, so that the look below sees the last lines
            is_last = self._over.is_set()
            self._attempt()
            if is_last and self._may_leave():
                break
            pause_s = self._look_s * 2 ** min(self._failures, 10)
            self._over.wait(min(pause_s, LONGEST_PAUSE_S))
            if self._over.is_set() and self._failures:
                time.sleep(self._look_s)
        self._close()

    def _may_leave(self) -> bool:
        return not self._failures or self._failures >= LAST_ATTEMPTS

    def _attempt(self) -> None:
        try:
            self._look()
            self._tell()
        except Exception as error:  # noqa: BLE001 - a search outlives its tracker
            self._failures += 1
            self._warn(f"{type(error).__name__}: {error}")
        else:
            self._failures = 0

    def _close(self) -> None:
        try:
            if self._tracker is not None:
                self._tracker.close()
        except Exception as error:  # noqa: BLE001 - a search outlives its tracker
            self._warn(f"{type(error).__name__}: {error}")

    def _look(self) -> None:
        """Read the ledger, and keep the newest state of each trial for the tracker."""
        new = self._tail.read()
        if new.from_the_start:
            self._reader, self._pending = SearchProgressReader(), {}
            self._is_new = True
        self._pending |= {t.row.trial_id: t for t in self._reader.add(new.lines)}
        if new.lines:  # a line is read some time after it was written
            self._began = min(self._began, time.time() - self._reader.seconds)

    def _tell(self) -> None:
        if self._tracker is None:
            self._tracker = self._open()
        if self._is_new and self._reader.search_id:
            self._tracker.begin(self._reader.search_id)
            self._is_new = False
        for name, trial in list(self._pending.items()):
            self._tracker.track(trial, trial_run(trial.row), began=self._began)
            del self._pending[name]
        self._tracker.after_look(self._reader.ended_by)

    def _warn(self, reason: str) -> None:
        if self._has_warned:
            return
        self._has_warned = True
        logger.warning(
            "%s is not told of all trials (%s). The search goes on, and its files are "
            "complete.",
            self._name,
            reason,
        )
