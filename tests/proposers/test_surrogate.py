"""The Gaussian process, against scikit-learn's and against what it should find."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from tests.proposers.lattice import Lattice, score_of

from kedro_nas.proposers.fidelity import target_of
from kedro_nas.proposers.kernel import CandidateRows, Kernel, RowMaker
from kedro_nas.proposers.surrogate import Prediction, Surrogate, choose_kernel

# similarity of costs alone, which is scikit-learn's RBF of length 1.5
BY_COSTS = Kernel(decay=1.0, cost_share=1.0, noise=0.1, fading=0.0)


def _scored(n: int, seed: int = 0) -> tuple[CandidateRows, np.ndarray]:
    rng = np.random.default_rng(seed)
    space = Lattice()
    points = [space.sample(rng) for _ in range(n)]
    described = [space.describe(one) for one in points]
    targets = np.array([target_of(score_of(one)) for one in points])
    return RowMaker(described).rows(described, [1] * n), targets


def test_predict_agrees_with_scikit_learn() -> None:
    """Mean and covariance are those of its regressor, up to the profiled variance."""
    rows, targets = _scored(30)
    surrogate = Surrogate(rows[:20], targets[:20], BY_COSTS)
    theirs = GaussianProcessRegressor(RBF(1.5), alpha=0.1, optimizer=None)
    standard = (targets[:20] - targets[:20].mean()) / targets[:20].std()
    theirs.fit(rows.costs[:20], standard)
    mean, covariance = theirs.predict(rows.costs[20:], return_cov=True)
    ours = surrogate.predict(rows[20:])

    assert np.allclose(ours.mean, mean)
    assert np.allclose(ours.covariance / surrogate._variance, covariance, atol=1e-8)
    assert np.allclose(surrogate.denoised(), theirs.predict(rows.costs[:20]))


def test_surrogate_learns_what_the_words_do() -> None:
    """After 60 points of 729 it ranks unseen ones nearly as they are."""
    rows, targets = _scored(160)
    kernel = choose_kernel(rows[:60], targets[:60])
    predicted = Surrogate(rows[:60], targets[:60], kernel).predict(rows[60:]).mean

    assert np.corrcoef(predicted, targets[60:])[0, 1] > 0.8


def test_choose_kernel_finds_noise_where_there_is_nothing_else() -> None:
    """Scores that depend on no choice have the largest noise of the grid."""
    rows, _ = _scored(80)
    noise = np.random.default_rng(1).normal(size=80)
    rows_, targets = _scored(80)

    assert choose_kernel(rows, noise).noise > choose_kernel(rows_, targets).noise


def test_surrogate_of_equal_scores_predicts_them() -> None:
    """Scores without any spread divide nothing by zero."""
    rows, _ = _scored(8)
    targets = np.full(8, 1.5)
    same = Surrogate(rows, targets, choose_kernel(rows, targets))

    assert np.allclose(same.predict(rows).mean, 0)


def test_pending_candidates_make_their_likes_less_interesting() -> None:
    """What trains right now is not improved on by its neighbour, but by others."""
    rows, targets = _scored(30)
    kernel = choose_kernel(rows[:20], targets[:20])
    surrogate = Surrogate(rows[:20], targets[:20], kernel)
    # the last row is pending; the first candidate is the same as it
    candidates = CandidateRows(
        *(
            np.concatenate([getattr(rows, name)[[29]], getattr(rows, name)[20:]])
            for name in ("codes", "positions", "costs", "log_epochs")
        )
    )
    prediction = surrogate.predict(candidates)
    after = prediction.given(1)

    assert np.allclose(after.mean, prediction.mean[:-1])
    assert after.covariance[0, 0] < 0.01 * prediction.covariance[0, 0]
    assert (np.diag(after.covariance) <= np.diag(prediction.covariance)[:-1]).all()


def test_expected_improvement_grows_with_mean_and_uncertainty() -> None:
    """Better or less known is more promising; certain and worse is worth nothing."""
    prediction = Prediction(
        np.array([0.0, 1.0, 0.0, -1.0]), np.diag([1.0, 1.0, 4.0, 1e-12])
    )
    plain, better, unsure, worse = prediction.expected_improvement(0.5)

    assert better > plain > 0
    assert unsure > plain
    assert worse == pytest.approx(0.0, abs=1e-9)


def test_candidates_chosen_together_differ() -> None:
    """The second is not the twin of the first, which would teach nothing more."""
    twins = np.array([[1.0, 0.999, 0.0], [0.999, 1.0, 0.0], [0.0, 0.0, 1.0]])
    predicted = Prediction(np.array([0.1, 0.09, 0.0]), twins)

    assert np.argsort(-predicted.expected_improvement(0.0)).tolist() == [0, 1, 2]
    assert predicted.choose_together(0.0, 2) == [0, 2]
    assert sorted(predicted.choose_together(0.0, 9)) == [0, 1, 2]


def test_choosing_together_is_choosing_given_what_was_chosen() -> None:
    """The second has the largest expected improvement once the first is under way."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(6, 9))
    predicted = Prediction(rng.normal(size=6), half @ half.T / 9)
    first, second = predicted.choose_together(0.2, 2)
    rest = [place for place in range(6) if place != first]
    order = [*rest, first]
    later = Prediction(
        predicted.mean[order], predicted.covariance[np.ix_(order, order)]
    )

    assert first == int(np.argmax(predicted.expected_improvement(0.2)))
    assert second == rest[int(np.argmax(later.given(1).expected_improvement(0.2)))]
