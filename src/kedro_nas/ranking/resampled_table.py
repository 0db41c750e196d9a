"""Contestants on the validation images, by an objective that has no formula."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kedro_nas.ranking.image_table import ImageTable
from kedro_nas.statistics.objectives import unpack_scores
from kedro_nas.statistics.paired import FoldMean, PairedTest
from kedro_nas.statistics.resampling import compare_resampled, resampled_mean


@dataclass(frozen=True)
class ResampledTable(ImageTable):
    """Scores of the contestants on resamples of the validation images.

    The resamples are the same for all of them, so that their differences are paired.
    """

    @cached_property
    def scores(self) -> dict[str, NDArray[np.float64]]:
        """What `Objective.resampled` gave of the contestants that have it, by key."""
        return {
            key: unpack_scores(one.resampled)
            for key, one in self.contestants.items()
            if one.resampled is not None
        }

    @cached_property
    def means(self) -> dict[str, FoldMean]:
        """Score of every contestant with results, with an interval for its images."""
        n = len(self.weights)
        return {key: resampled_mean(one, n) for key, one in self.scores.items()}

    def _test(self, first: str, second: str) -> PairedTest:
        n = len(self.weights)
        return compare_resampled(self.scores[first], self.scores[second], n)
