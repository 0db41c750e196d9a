"""The leaderboard: a row per contestant, its interval on a common scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kedro_nas.report.formats import is_number, percent


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
    test_metrics: Mapping[str, Any],
) -> tuple[Scale, list[dict[str, Any]]]:
    """Return the test accuracies of winner and baseline on a common scale.

    Args:
        test_metrics: `nas.test_metrics`.
    """
    found = [("winner", "chosen", test_metrics)]
    if test_metrics.get("baseline"):
        found.append(("baseline", "baseline", test_metrics["baseline"]))
    found = [one for one in found if is_number(one[2].get("accuracy"))]
    names = ("accuracy", "ci_low", "ci_high")
    scale = Scale.over([scores.get(name) for _, _, scores in found for name in names])
    return scale, [
        {
            "role": role,
            "label": label,
            "accuracy": scores["accuracy"],
            "interval": scale.place(*(scores.get(name) for name in names)),
        }
        for role, label, scores in found
    ]


def optimism_sentence(ranking: pd.DataFrame, test_metrics: Mapping[str, Any]) -> str:
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
    objective = str(test_metrics.get("objective") or "accuracy")
    if is_number(test_metrics.get(objective)):
        seen.append(f"{percent(test_metrics[objective])} on the test images")
    return "The chosen network scored " + ", ".join(seen) + "."
