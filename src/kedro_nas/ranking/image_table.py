"""Paired comparison of contestants on the validation images of the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kedro_nas.ranking.contestants import baseline_key
from kedro_nas.records.search import Finalist
from kedro_nas.statistics.image_pairs import compare_images, unpack_right
from kedro_nas.statistics.paired import FoldMean, PairedTest, wilson_interval


@dataclass(frozen=True)
class ImageTable:
    """Results on the validation images, with the weights the search trained.

    Only contestants trained for as many epochs as the longest may be chosen.

    Attributes:
        contestants: By `key`, in the order of the finalists.
        weights: Of the images in the objective, shape `(n,)`; they sum to 1.
    """

    contestants: dict[str, Finalist]
    weights: NDArray[np.float64]

    @classmethod
    def read(
        cls, contestants: Sequence[Finalist], weights: NDArray[np.float64]
    ) -> ImageTable:
        """Build the table; contestants without results are listed but not compared."""
        return cls({one.key: one for one in contestants}, weights)

    @property
    def is_single_split(self) -> bool:
        """Whether it is one split of the images, not several folds."""
        return True

    @cached_property
    def right(self) -> dict[str, NDArray[np.bool_]]:
        """Results of the contestants that have any, by key."""
        n = len(self.weights)
        return {
            key: unpack_right(one.right, n)
            for key, one in self.contestants.items()
            if one.right is not None
        }

    @cached_property
    def means(self) -> dict[str, FoldMean]:
        """Score of every contestant with results, with an interval for its images."""
        return {key: self._mean(right) for key, right in self.right.items()}

    def _mean(self, right: NDArray[np.bool_]) -> FoldMean:
        score = float(np.sum(self.weights * right))
        # effective number of images: equally weighted ones of the same variance
        n = round(1 / float(np.sum(self.weights**2)))
        low, high = wilson_interval(round(score * n), n)
        nan = float("nan")
        return FoldMean(mean=score, std=nan, se=nan, ci_low=low, ci_high=high, n=n)

    @cached_property
    def complete(self) -> list[str]:
        """Contestants that may be chosen, best first, ties ordered by size."""
        longest = max((one.rung_epochs or 0 for one in self._scored()), default=0)
        return [
            key
            for key in self.order
            if key in self.means and self._epochs(key) == longest
        ]

    @cached_property
    def order(self) -> list[str]:
        """All contestants: first those with results, then by epochs trained."""

        def place(key: str) -> tuple[bool, int, float, float]:
            score = self.means[key].mean if key in self.means else -1.0
            return (key not in self.means, -self._epochs(key), -score, self.size(key))

        return sorted(self.contestants, key=place)

    @cached_property
    def baseline(self) -> str | None:
        """Key of the baseline, None when there is none."""
        return baseline_key(self.contestants)

    def compare(self, first: str, second: str) -> PairedTest | None:
        """Test two contestants image by image, None if trained for different epochs."""
        both = first in self.means and second in self.means
        if not both or self._epochs(first) != self._epochs(second):
            return None
        return self._test(first, second)

    def _test(self, first: str, second: str) -> PairedTest:
        return compare_images(self.right[first], self.right[second], self.weights)

    def scored_on(self, key: str) -> str:
        """Return a description of the images a contestant was scored on."""
        one = self.contestants[key]
        n = one.epochs or one.rung_epochs or 0  # fewer than the rung's by patience
        epochs = "one epoch" if n == 1 else f"{n} epochs"
        grown = one.ancestor_epochs
        others = f" and {grown} of the networks it was grown from" if grown else ""
        return f"{len(self.weights):,} validation images after {epochs}{others}"

    def n_folds_of(self, key: str) -> int:
        """Return 0: there are no folds."""
        return 0

    def size(self, key: str) -> float:
        """Return the parameters of a contestant."""
        return float(self.contestants[key].params)

    def seconds(self, key: str) -> float:
        """Return 0: the search counts the seconds of its trials."""
        return 0.0

    def failures(self) -> str:
        """Describe which contestants have no results, '' for none."""
        names = [
            one.name for key, one in self.contestants.items() if key not in self.means
        ]
        return "; ".join(
            f"{name}: not scored on all validation images" for name in names
        )

    def _epochs(self, key: str) -> int:
        return self.contestants[key].rung_epochs or 0

    def _scored(self) -> list[Finalist]:
        return [self.contestants[key] for key in self.means]
