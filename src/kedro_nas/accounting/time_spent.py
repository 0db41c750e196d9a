"""Seconds of every stage, split into parts that sum to the measured total."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kedro_nas.records.job import JobResults


@dataclass(frozen=True)
class TimePart:
    """Wall seconds of one part of a stage.

    Attributes:
        stage: Name of the stage on the page.
        name: Kind of work.
        seconds: Wall seconds; of work that several workers share, their mean.
        share: Of the whole, in [0, 1].
    """

    stage: str
    name: str
    seconds: float
    share: float


@dataclass(frozen=True)
class TimeSpent:
    """The seconds of a job, by stage and part.

    Attributes:
        parts: In the order of the stages; their seconds sum to `total_s`.
        total_s: Sum of the seconds of all stages that recorded any.
        share_complete_training: Share of the seconds of all trials that was spent on
            trials of the last rung; None when nothing was trained.
        unrecorded: Stages without recorded seconds.
    """

    parts: tuple[TimePart, ...]
    total_s: float
    share_complete_training: float | None
    unrecorded: tuple[str, ...]

    def stages(self) -> dict[str, float]:
        """Return the seconds by stage, in order."""
        seconds: dict[str, float] = {}
        for part in self.parts:
            seconds[part.stage] = seconds.get(part.stage, 0.0) + part.seconds
        return seconds


@dataclass(frozen=True)
class _Stage:
    """Seconds of one stage, its known parts, and the name of the rest."""

    name: str
    wall_s: float | None
    work_s: dict[str, float]
    remainder: str
    n_parallel: int = 1


def add_up_time(results: JobResults) -> TimeSpent:
    """Add up the seconds each stage recorded.

    Work inside a stage is scaled to its wall clock: two workers that trained 60 s
    each at the same time are 60 s. The rest of a stage is its last part, so that the
    parts sum to the stage and the stages to the total.

    Args:
        results: Of all stages.
    """
    stages = _stages(results)
    entries = [entry for stage in stages for entry in _entries(stage)]
    total = sum(seconds for _, _, seconds in entries)
    return TimeSpent(
        parts=tuple(
            TimePart(stage, name, seconds, seconds / total if total else 0.0)
            for stage, name, seconds in entries
        ),
        total_s=total,
        share_complete_training=_share_complete(results),
        unrecorded=tuple(stage.name for stage in stages if stage.wall_s is None),
    )


def _stages(results: JobResults) -> list[_Stage]:
    search, test = results.finalists.search, results.test_metrics
    workers = max(1, search.workers)
    return [
        _Stage(
            "Data",
            results.dataset_profile.seconds,
            {},
            "reading, checking, splitting",
        ),
        _Stage("Search space", results.search_space.seconds, {}, "bounds and counting"),
        _Stage(
            "Search",
            search.seconds,
            _search_parts(results),
            "proposing, saving, waiting",
            workers,
        ),
        _Stage(
            "Cross-validation",
            results.best_architecture.seconds,
            _fold_parts(results.fold_scores),
            "starting, comparing, choosing",
            workers,
        ),
        _Stage("Final fit", test.seconds_final_fit, {}, "training"),
        _Stage("Export", test.seconds_export, {}, "writing, comparing"),
        _Stage("Test", test.seconds, {}, "predicting, scoring"),
    ]


def _entries(stage: _Stage) -> list[tuple[str, str, float]]:
    if stage.wall_s is None:
        return []
    scaled = {
        name: float(seconds) / stage.n_parallel
        for name, seconds in stage.work_s.items()
        if seconds > 0
    }
    busy = sum(scaled.values())
    if busy > stage.wall_s:
        # more workers ran than recorded; the wall clock was measured
        scaled = {
            name: seconds * stage.wall_s / busy for name, seconds in scaled.items()
        }
    remainder = max(0.0, stage.wall_s - sum(scaled.values()))
    entries = [(stage.name, name, seconds) for name, seconds in scaled.items()]
    return [*entries, (stage.name, stage.remainder, remainder)]


def _search_parts(results: JobResults) -> dict[str, float]:
    trials = results.trials
    if trials.empty:
        return {}
    failed = trials["status"] == "failed"
    complete = ~failed & _is_complete(results)
    trained = _column(trials, "seconds_train")
    built = _column(trials, "seconds_build") + _column(trials, "seconds_trace")
    return {
        "training to the last rung": trained[complete].sum(),
        "training candidates that were stopped earlier": trained[
            ~complete & ~failed
        ].sum(),
        "validating": _column(trials, "seconds_validate")[~failed].sum(),
        "building and compiling": built[~failed].sum(),
        "importing TensorFlow": _column(trials, "seconds_import")[~failed].sum(),
        "saving checkpoints": _column(trials, "seconds_checkpoint")[~failed].sum(),
        "trials that failed": _column(trials, "seconds")[failed].sum(),
    }


def _fold_parts(fold_scores: pd.DataFrame) -> dict[str, float]:
    if fold_scores.empty:
        return {}
    seconds = _column(fold_scores, "seconds")
    baseline = fold_scores["is_baseline"].astype(bool)
    return {
        "folds of the finalists": seconds[~baseline].sum(),
        "folds of the baseline": seconds[baseline].sum(),
    }


def _share_complete(results: JobResults) -> float | None:
    trials = results.trials
    if trials.empty:
        return None
    seconds = _column(trials, "seconds")
    if not seconds.sum():
        return None
    complete = (trials["status"] != "failed") & _is_complete(results)
    return float(seconds[complete].sum() / seconds.sum())


def _is_complete(results: JobResults) -> pd.Series[bool]:
    return results.trials["epochs"].ge(results.finalists.search.max_epochs)


def _column(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    if name not in frame:
        return pd.Series(0.0, index=frame.index)
    return pd.to_numeric(frame[name], errors="coerce").fillna(0.0)
