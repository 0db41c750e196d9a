"""Winner and baseline side by side, in everything that was measured of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kedro_nas.number_text import duration, is_number, short, whole
from kedro_nas.records.export import ModelScores, TestMetrics
from kedro_nas.report.formats import percent


def compare_with_baseline(
    test_metrics: TestMetrics, ranking: pd.DataFrame, fold_scores: pd.DataFrame
) -> list[tuple[str, str, str]]:
    """Return rows of what, winner, baseline; empty without a baseline on the test.

    Args:
        test_metrics: `nas.test_metrics`.
        ranking: `nas.ranking`.
        fold_scores: `nas.fold_scores`, for the seconds of an epoch.
    """
    other = test_metrics.baseline
    if other is None:
        return []
    winner = _facts(test_metrics, ranking[ranking["chosen"].astype(bool)], fold_scores)
    baseline = _facts(other, ranking[ranking["is_baseline"].astype(bool)], fold_scores)
    return [
        (title, show(winner.get(name)), show(baseline.get(name)))
        for name, title, show in ROWS
        if is_number(winner.get(name)) or is_number(baseline.get(name))
    ]


ROWS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("accuracy", "Test accuracy", percent),
    ("balanced_accuracy", "Balanced accuracy", percent),
    ("macro_f1", "Macro F1", percent),
    ("calibration_error", "Calibration error", percent),
    ("params", "Parameters", whole),
    ("macs", "MACs per image", short),
    ("seconds_per_epoch", "An epoch of a fold", duration),
    ("latency_s_p50", "Latency of one image, median", duration),
    ("latency_s_p90", "Latency of one image, 90th percentile", duration),
)


def _facts(
    scores: ModelScores, rows: pd.DataFrame, fold_scores: pd.DataFrame
) -> dict[str, Any]:
    facts = {name: getattr(scores, name, None) for name, _, _ in ROWS}
    if rows.empty:
        return facts
    row = rows.iloc[0]
    for name in ("params", "macs"):
        if not is_number(facts[name]):
            facts[name] = row[name]
    done = fold_scores[
        (fold_scores["key"] == row["key"]) & (fold_scores["status"] == "completed")
    ]
    if not is_number(facts["seconds_per_epoch"]) and done["epochs"].sum():
        facts["seconds_per_epoch"] = done["seconds"].sum() / done["epochs"].sum()
    return facts
