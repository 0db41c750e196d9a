"""A search at one moment, for whoever watches it: rungs, workers and best curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from kedro_nas.records.trials import RUNNING, TrialRow
from kedro_nas.search.trial_progress import TrialProgress

N_BEST = 5


@dataclass(frozen=True)
class RungView:
    """The trials of one rung of one bracket.

    Attributes:
        iteration: Pass over the brackets.
        bracket: Number of the bracket.
        rung: Number of the rung.
        epochs: Cumulative epochs at its end.
        running: Trials that a worker has.
        completed: Trials with a score.
        failed: Trials without.
        median: Median score, None without a score.
        best: Best score, None without a score.
    """

    iteration: int
    bracket: int
    rung: int
    epochs: int
    running: int
    completed: int
    failed: int
    median: float | None
    best: float | None


@dataclass(frozen=True)
class CurveView:
    """A trial and its curve, from the first rung on.

    Attributes:
        trial: Name of the trial.
        network: The network in a line.
        worker: Number of the worker that has or had it, None if none did.
        epoch: Epochs trained.
        epochs: Epochs at the end of its rung.
        scores: Validation score by epoch.
        score: Mean of the last ones, None before its end.
    """

    trial: str
    network: str
    worker: int | None
    epoch: int
    epochs: int
    scores: tuple[float, ...]
    score: float | None


@dataclass(frozen=True)
class SearchView:
    """A search at one moment.

    Attributes:
        rungs: In the order of the schedule, those with a trial.
        training: What each worker trains, by number of the worker.
        best: The best trials, best first, one a network.
    """

    rungs: tuple[RungView, ...]
    training: tuple[CurveView, ...]
    best: tuple[CurveView, ...]


def view_search(
    trials: Iterable[TrialProgress], objective: str = "accuracy"
) -> SearchView:
    """Return a search as it is now.

    Args:
        trials: All trials that were started.
        objective: Name of what is maximised.
    """
    known = {trial.row.trial_id: trial for trial in trials}
    rows = [trial.row for trial in known.values()]

    def curve(row: TrialRow) -> CurveView:
        names = (*known[row.trial_id].rungs_below, row.trial_id)
        return _curve([known[name].row for name in names if name in known], objective)

    training = [row for row in rows if row.status == RUNNING]
    scored = [row for row in rows if row.status == "completed"]
    scored.sort(key=lambda row: -(row.score or 0.0))
    best = {row.network_key: row for row in reversed(scored)}  # the best one stays
    ordered = sorted(best.values(), key=lambda row: -(row.score or 0.0))
    return SearchView(
        rungs=_rungs(rows),
        training=tuple(
            sorted(map(curve, training), key=lambda one: (one.worker or 0, one.trial))
        ),
        best=tuple(curve(row) for row in ordered[:N_BEST]),
    )


def _rungs(rows: Sequence[TrialRow]) -> tuple[RungView, ...]:
    places = {(row.iteration, -row.bracket, row.rung) for row in rows}
    return tuple(
        _rung([r for r in rows if (r.iteration, -r.bracket, r.rung) == place])
        for place in sorted(places)
    )


def _rung(rows: Sequence[TrialRow]) -> RungView:
    scores = [row.score for row in rows if row.score is not None]
    statuses = [row.status for row in rows]
    return RungView(
        iteration=rows[0].iteration,
        bracket=rows[0].bracket,
        rung=rows[0].rung,
        epochs=rows[0].rung_epochs,
        running=statuses.count(RUNNING),
        completed=statuses.count("completed"),
        failed=statuses.count("failed"),
        median=median(scores) if scores else None,
        best=max(scores, default=None),
    )


def _curve(rows: Sequence[TrialRow], objective: str) -> CurveView:
    """Return the joined curve of a trial and of the rungs below it."""
    last = rows[-1]
    scores = (value for row in rows for value in _scores(row, objective))
    return CurveView(
        trial=last.trial_id,
        network=last.name,
        worker=last.worker,
        epoch=last.epochs,
        epochs=last.rung_epochs,
        scores=tuple(value for value in scores if value is not None),
        score=last.score,
    )


def _scores(row: TrialRow, objective: str) -> Sequence[float | None]:
    """Return the objective by epoch; None or nothing where it is not known.

    Accuracy and balanced accuracy have columns of their own; any other objective, and
    these with floors of recall, are in `val_objective_score_by_epoch`.
    """
    apart = row.val_objective_score_by_epoch
    if any(value is not None for value in apart):
        return apart
    by_epoch: Sequence[float | None] = getattr(row, f"val_{objective}_by_epoch", ())
    return by_epoch
