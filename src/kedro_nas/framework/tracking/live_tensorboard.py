"""Trials in TensorBoard while their search runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kedro_nas.framework.tracking.tensorboard import TrialLogs
from kedro_nas.framework.tracking.values import TrialRun

if TYPE_CHECKING:
    from kedro_nas.search.trial_progress import TrialProgress


class TensorBoardTrials:
    """Writes the event files of a search, see `kedro_nas.framework.tracking.live`.

    A search that is resumed writes all files anew, from its ledger.

    Args:
        folder: A sub-folder per trial is made in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logs: TrialLogs | None = None

    def begin(self, search_id: str) -> None:
        """Replace what an earlier run wrote."""
        self.close()
        self._logs = TrialLogs(self._folder)

    def track(self, trial: TrialProgress, run: TrialRun, *, began: float) -> None:
        """Write what is new of a trial."""
        assert self._logs is not None
        self._logs.write(run, began=began)
        if trial.has_ended:
            self._logs.close(run.trial_id)

    def after_look(self, ended_by: str | None) -> None:
        """Let TensorBoard read what was written."""
        if self._logs is not None:
            self._logs.flush()

    def close(self) -> None:
        """End all files."""
        if self._logs is not None:
            self._logs.close()
