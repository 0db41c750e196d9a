"""Seconds of every stage, split into parts that sum to what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Part:
    """Seconds of wall clock spent on one thing.

    Attributes:
        stage: Stage of the main job, as a reader names it.
        name: What the seconds went to.
        seconds: Wall clock; of work done by several workers at once, their mean.
        share: Of the whole, in [0, 1].
    """

    stage: str
    name: str
    seconds: float
    share: float


@dataclass(frozen=True)
class Ledger:
    """Everything that was measured.

    Attributes:
        parts: In the order of the stages; their seconds sum to `total_s`.
        total_s: Sum of the seconds of all stages that recorded any.
        share_complete_training: Of the seconds trials took, the share that went to
            trainings up to the last rung; None when nothing was trained.
        unrecorded: Stages that left no seconds.
    """

    parts: tuple[Part, ...]
    total_s: float
    share_complete_training: float | None
    unrecorded: tuple[str, ...]

    def stages(self) -> dict[str, float]:
        """Return the seconds by stage, in order."""
        seconds: dict[str, float] = {}
        for part in self.parts:
            seconds[part.stage] = seconds.get(part.stage, 0.0) + part.seconds
        return seconds


def open_ledger(
    *,
    dataset_profile: Mapping[str, Any],
    search_space: Mapping[str, Any],
    trials: pd.DataFrame,
    finalists: Mapping[str, Any],
    fold_scores: pd.DataFrame,
    best_architecture: Mapping[str, Any],
    test_metrics: Mapping[str, Any],
) -> Ledger:
    """Enter the seconds each stage recorded.

    Work inside a stage is scaled to its wall clock: two workers that trained 60 s
    each at the same time are 60 s. What a stage does besides is its last part, so
    that the parts sum to the stage, and the stages to the whole.

    Args:
        dataset_profile: `nas.dataset_profile`.
        search_space: `nas.search_space`.
        trials: `nas.trials`.
        finalists: `nas.finalists`.
        fold_scores: `nas.fold_scores`.
        best_architecture: `nas.best_architecture`.
        test_metrics: `nas.test_metrics`; `seconds` is the evaluation alone,
            `seconds_final_fit` and `seconds_export` come on top.
    """
    search = finalists.get("search", {})
    workers = _whole(search.get("workers"))
    stages: dict[str, tuple[Any, dict[str, float], str, int]] = {
        "Data": (dataset_profile.get("seconds"), {}, "reading, checking, splitting", 1),
        "Search space": (search_space.get("seconds"), {}, "bounds and counting", 1),
        "Search": (
            search.get("seconds"),
            _search_parts(trials, search),
            "proposing, saving, waiting",
            workers,
        ),
        "Cross-validation": (
            best_architecture.get("seconds"),
            _fold_parts(fold_scores),
            "starting, comparing, choosing",
            workers,
        ),
        "Final fit": (test_metrics.get("seconds_final_fit"), {}, "training", 1),
        "Export": (test_metrics.get("seconds_export"), {}, "writing, proving equal", 1),
        "Test": (test_metrics.get("seconds"), {}, "predicting, scoring", 1),
    }
    entries: list[tuple[str, str, float]] = []
    for stage, (wall, work, rest, at_once) in stages.items():
        if _is_number(wall):
            entries += _entries(stage, float(wall), work, rest, at_once)
    total = sum(seconds for _, _, seconds in entries)
    return Ledger(
        parts=tuple(
            Part(stage, name, seconds, seconds / total if total else 0.0)
            for stage, name, seconds in entries
        ),
        total_s=total,
        share_complete_training=_share_complete(trials, search),
        unrecorded=tuple(
            stage for stage, entry in stages.items() if not _is_number(entry[0])
        ),
    )


def _entries(
    stage: str, wall: float, work: dict[str, float], rest: str, at_once: int
) -> list[tuple[str, str, float]]:
    scaled = {
        name: float(seconds) / at_once for name, seconds in work.items() if seconds > 0
    }
    busy = sum(scaled.values())
    if busy > wall:
        # more ran at once than recorded; the wall clock is what was measured
        scaled = {name: seconds * wall / busy for name, seconds in scaled.items()}
    remainder = max(0.0, wall - sum(scaled.values()))
    entries = [(stage, name, seconds) for name, seconds in scaled.items()]
    return [*entries, (stage, rest, remainder)]


def _search_parts(trials: pd.DataFrame, search: Mapping[str, Any]) -> dict[str, float]:
    if trials.empty:
        return {}
    failed = trials["status"] == "failed"
    complete = ~failed & _is_complete(trials, search)
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


def _share_complete(trials: pd.DataFrame, search: Mapping[str, Any]) -> float | None:
    if trials.empty:
        return None
    seconds = _column(trials, "seconds")
    if not seconds.sum():
        return None
    complete = (trials["status"] != "failed") & _is_complete(trials, search)
    return float(seconds[complete].sum() / seconds.sum())


def _is_complete(trials: pd.DataFrame, search: Mapping[str, Any]) -> pd.Series[bool]:
    last = search.get("max_epochs") or trials["epochs"].max()
    return trials["epochs"].ge(last)


def _column(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    if name not in frame:
        return pd.Series(0.0, index=frame.index)
    return pd.to_numeric(frame[name], errors="coerce").fillna(0.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _whole(workers: Any) -> int:
    return int(workers) if _is_number(workers) and workers >= 1 else 1
