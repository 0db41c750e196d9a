"""Trials as nested runs of MLflow while their search runs.

MLflow itself is the memory of what was logged: a search that is resumed asks it for the
runs of its trials, by tags, and goes on with them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kedro_nas.framework.tracking.mlflow import PARENT, ActiveRun, FoundRun
from kedro_nas.framework.tracking.values import CURVES, Point, TrialRun

if TYPE_CHECKING:
    from kedro_nas.search.trial_progress import TrialProgress

SEARCH, TRIAL = "kedro_nas.search", "kedro_nas.trial"
CONTINUES, CONTINUED_BY = "kedro_nas.continues", "kedro_nas.continued_by"
STARTS, STATE = "kedro_nas.starts", "kedro_nas.state"
UNDER_WAY = "under way"
CUT_OFF = "cut off"
# by the status of `nas.trials`
_STATUS = {"completed": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}


@dataclass
class _Logged:
    """What MLflow has of one trial.

    Attributes:
        run_id: MLflow's name of its run.
        status: MLflow's word.
        points: Name and step of each value.
        parameters: Whether it has its parameters.
        tags: Those it was given last.
    """

    run_id: str
    status: str = "RUNNING"
    points: set[tuple[str, int]] = field(default_factory=set)
    parameters: bool = False
    tags: dict[str, str] = field(default_factory=dict)


class MlflowTrials:
    """Logs the trials of a search, see `kedro_nas.framework.tracking.live`.

    Args:
        run: The run that is active; trials are nested in it.
        namespace: Of the search.
    """

    def __init__(self, run: ActiveRun, namespace: str) -> None:
        self._run = run
        self._state = f"{STATE}.{namespace}"
        self._search_id = ""
        self._logged: dict[str, _Logged] = {}
        self._told: str | None = None

    def begin(self, search_id: str) -> None:
        """Look for runs of this search that an earlier process has left."""
        self._search_id, self._told = search_id, None
        found = self._run.find_runs(SEARCH, search_id)
        self._logged = {one.tags[TRIAL]: self._known(one) for one in found}
        parents = {one.tags[PARENT] for one in found if PARENT in one.tags}
        for parent in sorted(parents - {self._run.run_id}):
            self._continue(
                parent, [one for one in found if one.tags.get(PARENT) == parent]
            )
        self._tell_state(UNDER_WAY)

    def track(self, trial: TrialProgress, run: TrialRun, *, began: float) -> None:
        """Log what is new of a trial, into the run that it has or a new one."""
        logged = self._logged.get(run.trial_id)
        if logged is None:
            tags = {SEARCH: self._search_id, TRIAL: run.trial_id}
            started = began + run.started_s
            run_id = self._run.start_nested(run.name, tags, started=started)
            logged = self._logged[run.trial_id] = _Logged(run_id)
        elif _is_told(logged, trial, run):
            return
        if not trial.has_ended and logged.status != "RUNNING":
            self._run.set_status(logged.run_id, "RUNNING")
            logged.status = "RUNNING"
        self._log(logged, trial, run)
        if trial.has_ended:
            status = _STATUS.get(trial.row.status, "FAILED")
            ended = began + run.ended_s
            self._run.set_status(logged.run_id, status, ended=ended)
            logged.status = status

    def after_look(self, ended_by: str | None) -> None:
        """Note at the parent whether the search has ended, and how."""
        if self._search_id:
            self._tell_state(UNDER_WAY if ended_by is None else f"ended: {ended_by}")

    def close(self) -> None:
        """Leave runs as they are: a trial that was cut off is still `RUNNING`."""

    def _log(self, logged: _Logged, trial: TrialProgress, run: TrialRun) -> None:
        new = [
            point
            for point in run.points
            if (trial.has_ended and not point.step)
            or _place(point) not in logged.points
        ]
        tags = run.tags if trial.starts < 2 else {**run.tags, STARTS: str(trial.starts)}
        self._run.log_to(
            logged.run_id,
            points=new,
            parameters=None if logged.parameters else run.parameters,
            tags={k: v for k, v in tags.items() if logged.tags.get(k) != v},
        )
        logged.points.update(map(_place, new))
        logged.parameters = True
        logged.tags |= tags

    def _known(self, found: FoundRun) -> _Logged:
        """Return what a run of an earlier process has; one that was ended is left."""
        if found.status in {"FINISHED", "FAILED"}:
            return _Logged(found.run_id, found.status)
        points = self._run.logged_points(found.run_id, CURVES)
        return _Logged(found.run_id, found.status, points, tags=dict(found.tags))

    def _continue(self, parent: str, trials: list[FoundRun]) -> None:
        """Go on from an earlier run: mark it if it was cut off, and take its trials.

        A run whose search came to its end keeps the trials that have ended.
        """
        earlier = self._run.find_run(parent)
        was_cut_off = earlier.tags.get(self._state) in {UNDER_WAY, CUT_OFF}
        if was_cut_off:
            tags = {self._state: CUT_OFF, CONTINUED_BY: self._run.run_id}
            self._run.log_to(parent, tags=tags)
            if earlier.status in {"RUNNING", "FINISHED"}:
                self._run.set_status(parent, "KILLED", ended=time.time())
        self._run.log_tags({CONTINUES: parent})
        for one in trials:
            if was_cut_off or one.status not in {"FINISHED", "FAILED"}:
                self._run.log_to(one.run_id, tags={PARENT: self._run.run_id})

    def _tell_state(self, state: str) -> None:
        if self._told != state:
            self._run.log_tags({self._state: state})
            self._told = state


def _is_told(logged: _Logged, trial: TrialProgress, run: TrialRun) -> bool:
    """Return whether an earlier session has logged a trial to its end."""
    if logged.status in {"FINISHED", "FAILED"}:
        return True
    curve = {_place(point) for point in run.points if point.step}
    return logged.status == _STATUS.get(trial.row.status) and curve <= logged.points


def _place(point: Point) -> tuple[str, int]:
    return point.name, point.step
