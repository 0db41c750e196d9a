"""How many validation images a score needs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.search.validation import count_scored, validation_share


def labels_of(*sizes: int) -> np.ndarray:
    """Make the labels of classes of these sizes."""
    return np.repeat(np.arange(len(sizes)), sizes)


def test_count_scored_counts_rare_classes_for_what_they_are() -> None:
    """Balanced accuracy varies over draws of predictions as the count foretells."""
    labels, hit = np.repeat([0, 1], [180, 20]), 0.8
    rng = np.random.default_rng(0)
    right = rng.random((20_000, len(labels))) < hit
    balanced = (right[:, :180].mean(axis=1) + right[:, 180:].mean(axis=1)) / 2

    foretold = hit * (1 - hit) / count_scored(labels, "balanced_accuracy")

    assert np.var(balanced) == pytest.approx(foretold, rel=0.05)
    assert count_scored(labels, "accuracy") == 200


@given(
    sizes=st.lists(st.integers(20, 3000), min_size=2, max_size=6),
    allowed=st.floats(0.005, 0.2),
    objective=st.sampled_from(["accuracy", "balanced_accuracy"]),
)
def test_validation_share_keeps_the_error_allowed(
    sizes: list[int], allowed: float, objective: str
) -> None:
    """What is kept of each class is sure enough, and no more than is needed."""
    labels = labels_of(*sizes)
    share = validation_share(labels, objective, allowed)
    kept = [-(-n * share // 1) for n in sizes]
    error = 0.5 / np.sqrt(count_scored(labels_of(*map(int, kept)), objective))

    if share < 1:
        assert error <= allowed * (1 + 1e-9)
        assert 0.25 / (count_scored(labels, objective) * share) == pytest.approx(
            allowed**2  # and no more than that, but for the rounding up of classes
        )
    else:
        whole = 0.5 / np.sqrt(count_scored(labels, objective))
        assert whole >= allowed * (1 - 1e-9)


def test_validation_share_none_reads_everything() -> None:
    """Without an allowed error nothing is left out, however many images there are."""
    assert validation_share(labels_of(50_000, 50_000), "accuracy", None) == 1
