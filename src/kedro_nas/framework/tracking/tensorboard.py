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
from kedro_nas.framework.tracking.values import TrialRun, trial_runs
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


def write_trials(folder: Path, trials: Any) -> None:
    """Write each trial as a run of its own, in place of what an earlier call wrote.

    Dates are those of the writing, since trials keep seconds and no date; the distances
    between trials are true.

    Args:
        folder: A sub-folder per trial is made in it.
        trials: `nas.trials`.
    """
    for old in folder.glob(f"*/events.out.tfevents.*{SUFFIX}"):
        old.unlink()
    runs = trial_runs(trials)
    began = time.time() - max((run.ended_s for run in runs), default=0.0)
    for run in runs:
        events = [(began + run.started_s, 0, _hyperparameters(run))]
        events += [
            (began + run.ended_s, point.step, _scalar(point.name, point.value))
            for point in run.points
        ]
        _write(folder / run.trial_id, events)


def _write(folder: Path, events: Iterable[tuple[float, int, Any]]) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder), filename_suffix=SUFFIX)
    for wall_time, step, summary in events:
        writer.add_event(Event(wall_time=wall_time, step=step, summary=summary))
    writer.close()


def _scalar(name: str, value: float) -> Any:
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb

    return scalar_pb(name, value)


def _hyperparameters(run: TrialRun) -> Any:
    """Return recipe and kind of network, the columns of the tab HPARAMS."""
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    recipe = run.recipe.model_dump(mode="json")
    return hparams_pb({"family": run.family, **recipe}, trial_id=run.trial_id)
