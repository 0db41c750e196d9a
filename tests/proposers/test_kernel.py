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


@given(seed=st.integers(0, 10_000))
def test_distances_are_symmetric_and_zero_to_oneself(seed: int) -> None:
    """The order in which candidates are compared does not matter."""
    rows, others = _random_rows(seed), _random_rows(seed + 1, n=5)
    there, back = Distances.between(rows, others), Distances.between(others, rows)
    own = Distances.between(rows, rows)

    for name in ("choices", "costs", "log_epochs"):
        assert getattr(there, name).shape == (8, 5)
        assert np.allclose(getattr(there, name), getattr(back, name).T)
        assert np.allclose(np.diag(getattr(own, name)), 0)
        assert (getattr(there, name) >= 0).all()


@given(seed=st.integers(0, 10_000))
def test_distances_of_choices_are_shares(seed: int) -> None:
    """However many choices a space has, two candidates differ in at most all."""
    rows = _random_rows(seed)

    assert Distances.between(rows, rows).choices.max() <= 1 + 1e-12


@pytest.mark.parametrize(
    ("codes", "positions", "expected"),
    [(((0, 1), (0, 2)), ((), ()), 0.5), (((), ()), ((0.1,), (0.4,)), 0.3)],
)
def test_distances_in_a_space_of_words_or_of_numbers_alone(
    codes: tuple, positions: tuple, expected: float
) -> None:
    """A space need not have both."""
    described = [
        Description(code, place, (1.0,))
        for code, place in zip(codes, positions, strict=True)
    ]
    rows = RowMaker(described).rows(described, [1, 1])

    assert Distances.between(rows, rows).choices[0, 1] == pytest.approx(expected)


def test_distances_in_a_space_of_one_candidate_are_none() -> None:
    """Without choices nothing differs, and nothing is divided by zero."""
    described = [Description((), (), (1.0,))] * 2
    rows = RowMaker(described).rows(described, [1, 1])

    assert not Distances.between(rows, rows).choices.any()


def test_rows_are_cut_as_one() -> None:
    """A slice of candidates keeps codes, positions, costs and epochs together."""
    rows = _random_rows(3)
    part = rows[2:5]

    assert len(part) == 3
    for name in ("codes", "positions", "costs", "log_epochs"):
        assert np.array_equal(getattr(part, name), getattr(rows, name)[2:5])


@given(seed=st.integers(0, 10_000), decay=st.floats(0.1, 10))
def test_covariance_falls_with_the_distance_of_choices(seed: int, decay: float) -> None:
    """The more two candidates differ, the less one says of the other."""
    rows = _random_rows(seed)
    distances = Distances.between(rows, rows)
    kernel = Kernel(decay=decay, cost_share=0.0, noise=0.1, fading=0.0)
    covariance = kernel.covariance(distances)
    order = np.argsort(distances.choices[0])

    assert np.all(np.diff(covariance[0][order]) <= 1e-12)
    assert np.allclose(covariance, np.exp(-decay * distances.choices))


def test_covariance_without_a_share_of_costs_does_not_see_them() -> None:
    """Equal choices at other costs are one candidate to such a kernel."""
    described = [Description((0,), (), (x,)) for x in (0.0, 9.0)]
    rows = RowMaker(described).rows(described, [1, 1])
    distances = Distances.between(rows, rows)
    blind, seeing = (
        Kernel(1.0, share, 0.1, 0.5).covariance(distances)[0, 1] for share in (0.0, 0.9)
    )

    assert blind == 1
    assert 0.1 <= seeing < 1
