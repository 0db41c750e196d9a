"""The leaderboard: a row per contestant, its interval on a common scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from kedro_nas.number_text import is_number
from kedro_nas.records.export import ModelScores, TestMetrics
from kedro_nas.report.formats import percent


@dataclass(frozen=True)
class Interval:
    """An interval in percent of the width it is drawn in.

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
        """Make the scale that holds all values, with a margin inside 0 to 1."""
        numbers = [float(value) for value in values if is_number(value)] or [0.0, 1.0]
        margin = max(0.05 * (max(numbers) - min(numbers)), 0.002)
        return cls(max(0.0, min(numbers) - margin), min(1.0, max(numbers) + margin))

    def place(self, mean: Any, low: Any, high: Any) -> Interval | None:
        """Place an interval, None where there is no mean."""
        if not is_number(mean):
            return None
        low, high = (low, high) if is_number(low) and is_number(high) else (mean, mean)
        return Interval(self._percent(low), self._percent(high), self._percent(mean))

    def _percent(self, value: float) -> float:
        return round(100 * (value - self.low) / (self.high - self.low), 2)


@dataclass(frozen=True)
class DrawnScore:
    """A model's accuracy on the test images and where its interval is drawn.

    Attributes:
        role: `winner` or `baseline`.
        label: What the page calls it.
        accuracy: A fraction.
        interval: On the common scale.
    """

    role: str
    label: str
    accuracy: float
    interval: Interval | None


def leaderboard(ranking: pd.DataFrame) -> tuple[Scale, list[dict[str, Any]]]:
    """Return the common scale and the rows of the ranking, each with `interval`.

    Args:
        ranking: `nas.ranking`, as written or as read back from CSV.
    """
    scale = Scale.over([*ranking["cv_mean"], *ranking["ci_low"], *ranking["ci_high"]])
    rows = []
    for row in ranking.to_dict("records"):
        place = scale.place(row["cv_mean"], row["ci_low"], row["ci_high"])
        role = "baseline" if row["is_baseline"] else "winner" if row["chosen"] else ""
        label = "baseline" if row["is_baseline"] else str(row["key"])[:6]
        named = {str(name): value for name, value in row.items()}
        rows.append({**named, "interval": place, "role": role, "label": label})
    return scale, rows


def test_intervals(
    test_metrics: TestMetrics,
) -> tuple[Scale, list[DrawnScore]]:
    """Return the test accuracies of winner and baseline on a common scale.

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
        DrawnScore(
            role=role,
            label=label,
            accuracy=one.accuracy,
            interval=scale.place(one.accuracy, one.ci_low, one.ci_high),
        )
        for role, label, one in found
    ]


def optimism_sentence(ranking: pd.DataFrame, test_metrics: TestMetrics) -> str:
    """Follow the chosen network's score from the search to the test.

    Args:
        ranking: `nas.ranking`.
        test_metrics: `nas.test_metrics`.
    """
    chosen = ranking[ranking["chosen"].astype(bool)]
    if chosen.empty or not is_number(chosen.iloc[0]["search_score"]):
        return ""
    row = chosen.iloc[0]
    seen = [
        f"{percent(row['search_score'])} in the search, where it was picked for it",
        f"{percent(row['cv_mean'])} when trained afresh on {row['n_folds']} folds",
    ]
    # one measure all the way: what the search and the folds were scored by
    score = getattr(test_metrics, test_metrics.objective)
    seen.append(f"{percent(score)} on the test images")
    return "The chosen network scored " + ", ".join(seen) + "."
