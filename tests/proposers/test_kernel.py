"""Similarity of candidates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.proposers.candidate_space import Description
from kedro_nas.proposers.kernel import CandidateRows, Distances, Kernel, RowMaker

KERNEL = Kernel(decay=1.0, cost_share=0.5, noise=0.1, fading=0.5)


def _random_rows(seed: int, n: int = 8) -> CandidateRows:
    rng = np.random.default_rng(seed)
    described = [
        Description(
            tuple(rng.integers(-1, 3, 4).tolist()),
            tuple(rng.random(2).tolist()),
            tuple(rng.normal(size=3).tolist()),
        )
        for _ in range(n)
    ]
    return RowMaker(described).rows(described, rng.choice([1, 3, 9], n).tolist())


def test_distances_mean_over_words_and_numbers() -> None:
    """A different word counts 1, a number its difference, and costs are apart."""
    maker = RowMaker([Description((0,), (0.0,), (x,)) for x in (0.0, 2.0)])
    rows = maker.rows(
        [Description((0,), (0.0,), (0.0,)), Description((1,), (0.25,), (2.0,))], [1, 9]
    )
    distances = Distances.between(rows, rows)

    assert distances.choices[0, 1] == pytest.approx((1 + 0.25) / 2)
    assert distances.costs[0, 1] == pytest.approx(4.0)  # two standard deviations
    assert distances.log_epochs[0, 1] == pytest.approx(np.log(9))


def test_rows_of_a_cost_that_never_varies_are_finite() -> None:
    """A space of one depth has no spread to divide by."""
    same = [Description((0,), (), (3.0,))] * 2

    assert np.array_equal(RowMaker(same).rows(same, [1, 1]).costs, [[0.0], [0.0]])


@given(seed=st.integers(0, 10_000))
def test_covariance_is_one_on_the_diagonal_and_positive_definite(seed: int) -> None:
    """Whatever is compared, it is a covariance."""
    rows = _random_rows(seed)
    covariance = KERNEL.covariance(Distances.between(rows, rows))

    assert np.allclose(np.diag(covariance), 1)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_covariance_fades_with_the_ratio_of_epochs() -> None:
    """One epoch says more about three than about nine."""
    rows = RowMaker([Description((0,), (), (0.0,))]).rows(
        [Description((0,), (), (0.0,))] * 3, [1, 3, 9]
    )
    one, three, nine = KERNEL.covariance(Distances.between(rows, rows))[0]

    assert one > three > nine > 0
