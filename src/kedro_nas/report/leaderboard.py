"""The contestants: the leaderboard, their test scores, chosen against baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kedro_nas.number_text import duration, is_number, short, whole
from kedro_nas.records.export import ModelScores, TestMetrics
from kedro_nas.report.typesetting import percent

_NUMBERS = (
    "cv_mean",
    "difference_to_best",
    "p_value",
    "search_score",
    "optimism",
    "params",
    "macs",
)
LABEL_LENGTH = 6  # of a key, where names are too long

COMPARED_MEASURES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
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


@dataclass(frozen=True)
class Interval:
    """An interval as drawn: percentages of the width of the drawing.

    Attributes:
        low: Left end.
        high: Right end.
        mean: The estimate.
    """

    low: float
    high: float
    mean: float


@dataclass(frozen=True)
class Scale:
    """The accuracies at the two ends of a drawn interval.

    Attributes:
        low: Fraction at the left end.
        high: Fraction at the right end.
    """

    low: float
    high: float

    @classmethod
    def over(cls, values: list[Any]) -> Scale:
        """Return the scale that contains all values, with a margin, inside 0 to 1."""
        numbers = [float(value) for value in values if is_number(value)] or [0.0, 1.0]
        margin = max(0.05 * (max(numbers) - min(numbers)), 0.002)
        return cls(max(0.0, min(numbers) - margin), min(1.0, max(numbers) + margin))

    def place(self, mean: Any, low: Any, high: Any) -> Interval | None:
        """Return the position of an interval, None where there is no mean."""
        if not is_number(mean):
            return None
        low, high = (low, high) if is_number(low) and is_number(high) else (mean, mean)
        return Interval(self._percent(low), self._percent(high), self._percent(mean))

    def _percent(self, value: float) -> float:
        return round(100 * (value - self.low) / (self.high - self.low), 2)


@dataclass(frozen=True)
class ScoreRow:
    """A model's accuracy on the test images, with its interval on a scale.

    Attributes:
        role: `winner` or `baseline`.
        label: Its name on the page.
        accuracy: A fraction.
        interval: On the common scale.
    """

    role: str
    label: str
    accuracy: float
    interval: Interval | None


@dataclass(frozen=True)
class LeaderboardRow:
    """One contestant of the ranking.

    Attributes:
        name: The network in a line.
        role: `baseline`, `winner`, or empty.
        label: `baseline`, or the beginning of its key.
        chosen: Whether it is the final choice.
        is_baseline: Whether it is the baseline.
        cv_mean: Mean score over the folds; NaN where no fold was completed.
        interval: Of the mean, on the common scale; None without a mean.
        difference_to_best: Mean minus the best mean.
        p_value: Of that difference.
        search_score: Score in the search, NaN for a baseline it did not train.
        optimism: Search score minus `cv_mean`.
        params: Parameters.
        macs: Multiply-accumulates per image.
    """

    name: str
    role: str
    label: str
    chosen: bool
    is_baseline: bool
    cv_mean: float
    interval: Interval | None
    difference_to_best: float
    p_value: float
    search_score: float
    optimism: float
    params: float
    macs: float


def contestant_label(*, key: str, is_baseline: bool) -> str:
    """Return the short name of a contestant on page and figures."""
    return "baseline" if is_baseline else key[:LABEL_LENGTH]


def leaderboard_rows(ranking: pd.DataFrame) -> tuple[Scale, list[LeaderboardRow]]:
    """Return the rows of the ranking and the scale their intervals are drawn on.

    Args:
        ranking: `nas.ranking`, as written or as read back from CSV.
    """
    scale = Scale.over([*ranking["cv_mean"], *ranking["ci_low"], *ranking["ci_high"]])
    rows = []
    for row in ranking.to_dict("records"):
        chosen, is_baseline = bool(row["chosen"]), bool(row["is_baseline"])
        rows.append(
            LeaderboardRow(
                name=str(row["name"]),
                role="baseline" if is_baseline else "winner" if chosen else "",
                label=contestant_label(key=str(row["key"]), is_baseline=is_baseline),
                chosen=chosen,
                is_baseline=is_baseline,
                interval=scale.place(row["cv_mean"], row["ci_low"], row["ci_high"]),
                **{name: row[name] for name in _NUMBERS},
            )
        )
    return scale, rows


def rows_of_test(test_metrics: TestMetrics) -> tuple[Scale, list[ScoreRow]]:
    """Return the test accuracies of the chosen network and the baseline, and a scale.

    Args:
        test_metrics: `nas.test_metrics`.
    """
    found: list[tuple[str, str, ModelScores]] = [("winner", "chosen", test_metrics)]
    if test_metrics.baseline is not None:
        found.append(("baseline", "baseline", test_metrics.baseline))
    scale = Scale.over(
        [x for _, _, one in found for x in (one.accuracy, one.ci_low, one.ci_high)]
    )
    return scale, [
        ScoreRow(
            role=role,
            label=label,
            accuracy=one.accuracy,
            interval=scale.place(one.accuracy, one.ci_low, one.ci_high),
        )
        for role, label, one in found
    ]


def optimism_sentence(ranking: pd.DataFrame, test_metrics: TestMetrics) -> str:
    """Return the scores of the chosen network in search, folds and test, in a sentence.

    Empty where the search has no score of it, or it was not trained anew on folds: the
    scores would be of trainings of other lengths.

    Args:
        ranking: `nas.ranking`.
        test_metrics: `nas.test_metrics`.
    """
    chosen = ranking[ranking["chosen"].astype(bool)]
    if chosen.empty or not is_number(chosen.iloc[0]["search_score"]):
        return ""
    row = chosen.iloc[0]
    if not row["n_folds"]:  # no claim of optimism across trainings of other lengths
        return ""
    seen = [
        f"{percent(row['search_score'])} in the search, which chose it for that score",
        f"{percent(row['cv_mean'])} when trained anew on {row['n_folds']} folds",
    ]
    # by the measure that search and folds were scored by
    seen.append(f"{percent(test_metrics.scored)} on the test images")
    return "The chosen network scored " + ", ".join(seen) + "."


def compare_with_baseline(
    test_metrics: TestMetrics, ranking: pd.DataFrame, fold_scores: pd.DataFrame
) -> list[tuple[str, str, str]]:
    """Return rows of measure, chosen network, baseline.

    Empty where the baseline was not scored on the test images.

    Args:
        test_metrics: `nas.test_metrics`.
        ranking: `nas.ranking`.
        fold_scores: `nas.fold_scores`, for the seconds of an epoch.
    """
    other = test_metrics.baseline
    if other is None:
        return []
    winner = _measures(
        test_metrics, ranking[ranking["chosen"].astype(bool)], fold_scores
    )
    baseline = _measures(
        other, ranking[ranking["is_baseline"].astype(bool)], fold_scores
    )
    return [
        (title, show(winner.get(name)), show(baseline.get(name)))
        for name, title, show in COMPARED_MEASURES
        if is_number(winner.get(name)) or is_number(baseline.get(name))
    ]


def _measures(
    scores: ModelScores, rows: pd.DataFrame, fold_scores: pd.DataFrame
) -> dict[str, float | None]:
    measures = {name: getattr(scores, name, None) for name, _, _ in COMPARED_MEASURES}
    if rows.empty:
        return measures
    row = rows.iloc[0]
    for name in ("params", "macs"):
        if not is_number(measures[name]):
            measures[name] = row[name]
    done = fold_scores[
        (fold_scores["key"] == row["key"]) & (fold_scores["status"] == "completed")
    ]
    if not is_number(measures["seconds_per_epoch"]) and done["epochs"].sum():
        measures["seconds_per_epoch"] = done["seconds"].sum() / done["epochs"].sum()
    return measures
