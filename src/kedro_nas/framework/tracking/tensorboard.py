"""Event files for TensorBoard, a run per trial, through TensorBoard's own writer.

TensorBoard is an extra, and imported only where `reporting.tensorboard` names a folder.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kedro_nas.errors import ParameterError
from kedro_nas.framework.tracking.values import Point, TrialRun, trial_runs
from kedro_nas.pipelines.nas.pipeline import PREFIX, host_names

# ends the names of our files: those, and only those, are replaced
SUFFIX = ".kedro-nas"


def require_tensorboard(nodes: Iterable[Any], catalog: Any) -> None:
    """Check that logs that are asked for can be written, before anything runs.

    Args:
        nodes: Nodes of ours.
        catalog: Kedro's catalog, parameters included.

    Raises:
        ParameterError: A folder is named and TensorBoard is not installed.
    """
    if importlib.util.find_spec("tensorboard") is not None:
        return
    for node in nodes:
        name = host_names(node).get(f"{PREFIX}reporting")
        folder = name and folder_of(catalog.get(name).load())
        if folder is not None:
            raise ParameterError(
                f"the logs of '{str(name).removeprefix(PREFIX)}' cannot be written",
                received=f"tensorboard: {folder}, and no package 'tensorboard'",
                allowed="tensorboard: null, or the package",
                remedy="pip install 'kedro-nas[tensorboard]'",
            )


def folder_of(reporting: Any) -> str | None:
    """Read the option from validated or raw parameters."""
    if isinstance(reporting, Mapping):
        return reporting.get("tensorboard")
    return getattr(reporting, "tensorboard", None)


class TrialLogs:
    """Event files of trials, a sub-folder each, which grow while the trials run.

    Files of an earlier run are deleted first: nothing is shown twice.

    Args:
        folder: A sub-folder per trial is made in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Any] = {}
        self._written: dict[str, set[Point]] = {}
        for old in folder.glob(f"*/events.out.tfevents.*{SUFFIX}"):
            old.unlink()

    def write(self, run: TrialRun, *, began: float) -> None:
        """Write what is new of a trial.

        Args:
            run: The trial as far as it has come.
            began: When the search's clock was 0, seconds since 1970.
        """
        from tensorboard.compat.proto.event_pb2 import Event

        written = self._written.setdefault(run.trial_id, set())
        new = [point for point in run.points if point not in written]
        events = [
            Event(
                wall_time=began + run.ended_s,
                step=point.step,
                summary=_scalar(point.name, point.value),
            )
            for point in new
        ]
        if run.trial_id not in self._open:
            self._open[run.trial_id] = self._writer(run.trial_id)
            start_s = began + run.started_s
            events.insert(0, Event(wall_time=start_s, summary=_hyperparameters(run)))
        for event in events:
            self._open[run.trial_id].add_event(event)
        written.update(new)

    def flush(self) -> None:
        """Let TensorBoard read what was written so far."""
        for writer in self._open.values():
            writer.flush()

    def close(self, trial_id: str | None = None) -> None:
        """End the file of a trial, or of all."""
        for name in [trial_id] if trial_id else list(self._open):
            if name in self._open:
                self._open.pop(name).close()

    def _writer(self, trial_id: str) -> Any:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        return EventFileWriter(str(self._folder / trial_id), filename_suffix=SUFFIX)


def write_trials(folder: Path, trials: Any) -> None:
    """Write event files of all trials, in place of those of an earlier call.

    Dates are those of the writing, since trials keep seconds and no date; the distances
    between trials are true.

    Args:
        folder: A sub-folder per trial is made in it.
        trials: `nas.trials`.
    """
    runs = trial_runs(trials)
    began = time.time() - max((run.ended_s for run in runs), default=0.0)
    logs = TrialLogs(folder)
    for run in runs:
        logs.write(run, began=began)
        logs.close(run.trial_id)


def _scalar(name: str, value: float) -> Any:
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb

    return scalar_pb(name, value)


def _hyperparameters(run: TrialRun) -> Any:
    """Return choices and kind of network, the columns of the tab HPARAMS."""
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    values = {"family": run.family, **run.choices}
    known = {k: v for k, v in values.items() if isinstance(v, str | int | float)}
    return hparams_pb(known, trial_id=run.trial_id)
