"""Fold scores as a table in which contestants are compared over the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Protocol

import numpy as np
import pandas as pd

from kedro_nas.errors import RankingError
from kedro_nas.ranking.contestants import baseline_key
from kedro_nas.records.search import Finalist
from kedro_nas.statistics.objectives import score_column
from kedro_nas.statistics.paired import (
    FoldMean,
    PairedTest,
    corrected_mean,
    corrected_t_test,
)


class Comparison(Protocol):
    """Interface of comparisons: contestants with scores on the same images."""

    @property
    def contestants(self) -> dict[str, Finalist]:
        """Contestants by `key`, in the order of the finalists."""
        ...

    @property
    def means(self) -> dict[str, FoldMean]:
        """Score and interval of every contestant that has one."""
        ...

    @property
    def complete(self) -> list[str]:
        """Contestants that may be chosen, best first."""
        ...

    @property
    def order(self) -> list[str]:
        """All contestants, those that may be chosen first."""
        ...

    @property
    def baseline(self) -> str | None:
        """Key of the baseline, None when there is none."""
        ...

    @property
    def is_single_split(self) -> bool:
        """Whether it is one split of the images, not several folds."""
        ...

    def compare(self, first: str, second: str) -> PairedTest | None:
        """Test two contestants on the images both were scored on, None if too few."""
        ...

    def scored_on(self, key: str) -> str:
        """Return what a contestant was scored on, such as `5 folds`."""
        ...

    def n_folds_of(self, key: str) -> int:
        """Return the number of folds of a contestant, 0 for a single split."""
        ...

    def size(self, key: str) -> float:
        """Return the parameters of a contestant."""
        ...

    def seconds(self, key: str) -> float:
        """Return the seconds a contestant took, failures included."""
        ...

    def failures(self) -> str:
        """Return a description of what failed, '' for nothing."""
        ...


@dataclass(frozen=True)
class FoldTable:
    """Scores with a row per fold and a column per contestant.

    Attributes:
        contestants: Contestants by `key`, in the order of the finalists.
        rows: The rows of `nas.fold_scores` that belong to them.
        scores: Index (repeat, fold), a column per key; `nan` where a fold failed.
        objective: Score by which contestants are ranked.
    """

    contestants: dict[str, Finalist]
    rows: pd.DataFrame
    scores: pd.DataFrame
    objective: str

    @classmethod
    def read(
        cls,
        fold_scores: pd.DataFrame,
        contestants: Sequence[Finalist],
        objective: str,
    ) -> FoldTable:
        """Build the table from `nas.fold_scores`; the last row of a fold counts.

        Raises:
            RankingError: The scores lack the objective, or there is no contestant.
        """
        column = score_column(fold_scores, objective)
        if not contestants or column not in fold_scores.columns:
            raise RankingError(
                "no network could be ranked",
                received=f"{len(contestants)} contestants, objective '{objective}'",
                allowed=f"objectives among {', '.join(map(str, fold_scores.columns))}",
            )
        by_key = {contestant.key: contestant for contestant in contestants}
        rows = fold_scores[fold_scores["key"].isin(by_key)]
        rows = rows.drop_duplicates(["key", "repeat", "fold"], keep="last")
        scores = (
            rows.assign(score=rows[column].where(rows["status"] == "completed"))
            .pivot_table(
                index=["repeat", "fold"], columns="key", values="score", dropna=False
            )
            .reindex(columns=list(by_key))
            .astype(float)
        )
        return cls(by_key, rows, scores.replace([inf, -inf], np.nan), objective)

    @property
    def is_single_split(self) -> bool:
        """Whether it is one split of the images, not several folds."""
        return False

    def n_folds_of(self, key: str) -> int:
        """Return the number of folds a contestant has completed."""
        return self.means[key].n

    @cached_property
    def n_folds(self) -> int:
        """Number of folds completed by the most complete contestant."""
        return int(self.scores.notna().sum().max()) if self.scores.size else 0

    @cached_property
    def means(self) -> dict[str, FoldMean]:
        """Mean and interval of every contestant that completed a fold."""
        return {
            key: corrected_mean(self.scores[key].dropna(), **self._sizes(key))
            for key in self.contestants
            if self.scores[key].notna().any()
        }

    @cached_property
    def complete(self) -> list[str]:
        """Contestants that may be chosen, best mean first, ties ordered by size."""
        return [key for key in self.order if self._is_complete(key)]

    @cached_property
    def order(self) -> list[str]:
        """All contestants: complete, then partial, then without completed folds."""

        def place(key: str) -> tuple[bool, float, float]:
            mean = self.means[key].mean if key in self.means else -inf
            return (not self._is_complete(key), -mean, self.size(key))

        return sorted(self.contestants, key=place)

    @cached_property
    def baseline(self) -> str | None:
        """Key of the baseline, None when there is none."""
        return baseline_key(self.contestants)

    def compare(self, first: str, second: str) -> PairedTest | None:
        """Test two contestants over folds both completed, None below two folds."""
        shared = self.scores[[first, second]].dropna()
        if len(shared) < 2:
            return None
        return corrected_t_test(shared[first] - shared[second], **self._sizes(first))

    def size(self, key: str) -> float:
        """Return the parameters of a contestant."""
        return float(self.contestants[key].params)

    def scored_on(self, key: str) -> str:
        """Return what a contestant was scored on, such as `5 folds`."""
        n = self.means[key].n
        return "one fold" if n == 1 else f"{n} folds"

    def seconds(self, key: str) -> float:
        """Return the seconds all folds of a contestant took, failed ones included."""
        return float(self.rows.loc[self.rows["key"] == key, "seconds"].sum())

    def failures(self) -> str:
        """Return the contestants with failed folds and the first reason of each."""
        failed = self.rows[self.rows["status"] == "failed"]
        return "; ".join(
            f"{self.contestants[str(key)].name}: {len(rows)} fold(s) failed"
            f" ({rows['reason'].iloc[0]})"
            for key, rows in failed.groupby("key", sort=False)
        )

    def _is_complete(self, key: str) -> bool:
        return self.n_folds > 0 and self.scores[key].notna().sum() == self.n_folds

    def _sizes(self, key: str) -> dict[str, float]:
        rows = self.rows[
            (self.rows["key"] == key) & (self.rows["status"] == "completed")
        ]
        return {
            "n_train": float(rows["n_train"].mean()),
            "n_held_out": float(rows["n_held_out"].mean()),
        }
