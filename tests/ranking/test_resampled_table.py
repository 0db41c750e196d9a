"""Contestants compared by an objective that has no formula."""

from __future__ import annotations

import numpy as np
import pytest
from tests.finalists import build_finalist

from kedro_nas.ranking.resampled_table import ResampledTable
from kedro_nas.records.search import Finalist
from kedro_nas.statistics.objectives import Objective, pack_scores

N = 120
LABELS = np.arange(N) % 3


def _finalist(key: str, n_wrong: int, epochs: int = 9) -> Finalist:
    decisions = np.where(np.arange(N) < n_wrong, (LABELS + 1) % 3, LABELS)
    scores = Objective("macro_f1").resampled(LABELS, np.eye(3)[decisions])
    return build_finalist(key, epochs=epochs, resampled=pack_scores(scores))


def _table(*contestants: Finalist) -> ResampledTable:
    return ResampledTable.read(contestants, np.full(N, 1 / N))


def test_order_and_means_are_those_of_the_objective() -> None:
    """The best macro F1 comes first, with an interval for its images."""
    table = _table(_finalist("worse", 30), _finalist("better", 12))
    mean = table.means["better"]

    assert table.complete == table.order == ["better", "worse"]
    assert mean.mean == pytest.approx(0.9)
    assert mean.ci_low < 0.9 < mean.ci_high
    assert mean.n == N


def test_compare_is_paired_and_of_equal_trainings_only() -> None:
    """Clear differences are found; other epochs, or no results, are no comparison."""
    table = _table(
        _finalist("better", 6),
        _finalist("worse", 40),
        _finalist("short", 0, epochs=3),
        build_finalist("none", epochs=9),
    )
    test = table.compare("better", "worse")

    assert test is not None
    assert test.p_value < 0.001
    assert test.difference == pytest.approx(34 / 120, abs=0.01)
    assert table.compare("better", "short") is None
    assert table.compare("better", "none") is None
    assert "network none: not scored" in table.failures()
