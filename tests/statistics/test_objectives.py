"""Each objective is a number in [0, 1], and the one its name promises."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from kedro_nas.errors import KedroNasError, ParameterError, RankingError
from kedro_nas.parameters.job import OBJECTIVES
from kedro_nas.statistics.objectives import (
    N_RESAMPLES,
    Objective,
    find_metric,
    floors_by_class,
    pack_scores,
    score_column,
    title_of,
    unpack_scores,
)

N, N_CLASSES = 300, 4
RNG = np.random.default_rng(0)
LABELS = RNG.choice(N_CLASSES, N, p=[0.6, 0.2, 0.15, 0.05])
SHARES = RNG.dirichlet(np.ones(N_CLASSES), N) + 0.7 * np.eye(N_CLASSES)[LABELS]
SHARES /= SHARES.sum(axis=1, keepdims=True)
DECISIONS = SHARES.argmax(axis=1)

EXPECTED = {
    "accuracy": sk.accuracy_score(LABELS, DECISIONS),
    "balanced_accuracy": sk.balanced_accuracy_score(LABELS, DECISIONS),
    "macro_f1": sk.f1_score(LABELS, DECISIONS, average="macro"),
    "auc": sk.roc_auc_score(LABELS, SHARES, multi_class="ovr", average="macro"),
    "log_loss": np.exp(-sk.log_loss(LABELS, SHARES)),
}


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of a user's, into which tests put metrics."""
    module = ModuleType("users_metrics")
    monkeypatch.setitem(sys.modules, "users_metrics", module)
    return module


@pytest.mark.parametrize("name", OBJECTIVES)
def test_score_is_that_of_scikit_learn(name: str) -> None:
    """Every objective that may be named is what scikit-learn computes."""
    found = Objective(name).score(LABELS, SHARES)

    assert found == pytest.approx(EXPECTED[name], abs=1e-12)


def test_score_of_auc_counts_ties_as_half() -> None:
    """Saturated networks give equal probabilities, which are no order."""
    labels = np.array([0, 0, 1, 1])
    shares = np.array([[0.5, 0.5], [1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])

    found = Objective("auc").score(labels, shares)

    assert found == pytest.approx(sk.roc_auc_score(labels, shares[:, 1]))


def test_score_without_a_class_is_over_those_that_occur() -> None:
    """A fold may lack a class; a class that is never predicted scores 0."""
    kept = LABELS != 3
    found = Objective("macro_f1").score(LABELS[kept], SHARES[kept])
    expected = sk.f1_score(
        LABELS[kept], DECISIONS[kept], labels=[0, 1, 2], average="macro"
    )

    assert found == pytest.approx(expected)
    assert 0 < Objective("auc").score(LABELS[kept], SHARES[kept]) < 1


def test_score_that_is_not_defined_says_so() -> None:
    """An area under a curve of one class is no number, and is not taken for one."""
    with pytest.raises(RankingError, match=r"auc is not defined.*Received: nan on 9"):
        Objective("auc").score(np.zeros(9, int), np.full((9, 2), 0.5))


@pytest.mark.parametrize("value", [float("nan"), -0.1, 1.5, None, "high"])
def test_score_of_a_users_metric_outside_its_range_is_refused(
    metrics: ModuleType, value: Any
) -> None:
    """Proposers and reports count on [0, 1]; the message says how a loss gets there."""
    metrics.broken = lambda *_: value  # type: ignore[attr-defined]

    with pytest.raises(
        RankingError, match=r"from 0 to 1, larger is better; exp\(-loss"
    ):
        Objective("users_metrics:broken").score(LABELS, SHARES)


def test_score_of_a_users_metric_is_its_value(metrics: ModuleType) -> None:
    """It is called with labels and probabilities, and decides what they are worth."""
    metrics.sure = (  # type: ignore[attr-defined]
        lambda labels, probabilities: probabilities[
            np.arange(len(labels)), labels
        ].min()
    )

    found = Objective("users_metrics:sure").score(LABELS, SHARES)

    assert found == pytest.approx(SHARES[np.arange(N), LABELS].min())


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no_such_module:metric", "cannot import the objective"),
        ("users_metrics:missing", "cannot import the objective"),
        ("users_metrics:number", "a function of labels and probabilities"),
    ],
)
def test_find_metric_that_cannot_be_called_is_refused(
    metrics: ModuleType, path: str, said: str
) -> None:
    """What is no function is found before the search, with what was named."""
    metrics.number = 3  # type: ignore[attr-defined]

    with pytest.raises(ParameterError, match=said):
        find_metric(path)


def test_score_with_floors_is_lowered_by_the_share_that_is_missed() -> None:
    """A floor that is kept changes nothing; one missed by half halves the score."""
    labels = np.array([0, 0, 0, 0, 1, 1])
    shares = np.eye(2)[[0, 0, 0, 0, 0, 1]]
    plain = Objective("accuracy").score(labels, shares)

    assert Objective("accuracy", (1.0, 0.5)).score(labels, shares) == plain
    assert Objective("accuracy", (0.0, 1.0)).score(labels, shares) == plain / 2


@pytest.mark.parametrize("objective", [Objective("macro_f1"), Objective("auc")])
def test_resampled_spreads_as_new_images_would(objective: Objective) -> None:
    """The spread over resamples is that over other images of the same kind."""
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(300):
        labels = np.repeat([0, 1], [60, 30])
        noise = rng.normal(0, 1, 90) + labels
        shares = np.stack([1 / (1 + np.exp(noise - 0.5))] * 2, 1)
        shares[:, 1] = 1 - shares[:, 0]
        drawn.append((labels, shares))
    spread = np.std([objective.score(*one) for one in drawn])
    found = [objective.resampled(*one)[1:].std() for one in drawn[:8]]

    assert np.mean(found) == pytest.approx(spread, rel=0.2)


def test_resampled_pairs_two_networks() -> None:
    """Networks that differ a little differ by little on each resample."""
    other = SHARES + 0.03 * RNG.random(SHARES.shape)
    first, second = (Objective("auc").resampled(LABELS, one) for one in (SHARES, other))

    assert len(first) == 1 + N_RESAMPLES
    assert first[0] == pytest.approx(EXPECTED["auc"], abs=1e-6)
    assert np.std(first[1:] - second[1:]) < np.std(first[1:])


def test_pack_scores_is_undone() -> None:
    """What the ledger keeps is what was computed, in float32."""
    scores = Objective("macro_f1").resampled(LABELS, SHARES)

    assert unpack_scores(pack_scores(scores)).astype(np.float32).tolist() == (
        scores.tolist()
    )


def test_has_formula_of_the_two_accuracies_without_floors_only() -> None:
    """All others need resampled images for their standard errors."""
    exact = {name for name in OBJECTIVES if Objective(name).has_formula}

    assert exact == {"accuracy", "balanced_accuracy"}
    assert not Objective("accuracy", (0.5, 0.0)).has_formula


def test_floors_by_class_of_an_unknown_class_names_those_there_are() -> None:
    """A misspelt class would be a floor that nothing has to keep."""
    with pytest.raises(KedroNasError, match=r"'tullip'\. Allowed: rose, tulip"):
        floors_by_class({"tullip": 0.9}, ["rose", "tulip"])


def test_score_column_is_the_objectives_own_where_it_has_one() -> None:
    """Accuracies have columns; any other objective is in `objective_score`."""
    scores = pd.DataFrame({"accuracy": [0.5], "objective_score": [np.nan]})
    curves = pd.DataFrame({"val_objective_score_by_epoch": [[None, 0.25]]})

    assert score_column(scores, "accuracy") == "accuracy"
    assert score_column(scores.fillna(0.25), "macro_f1") == "objective_score"
    assert score_column(curves, "auc", "val_{}_by_epoch") == curves.columns[0]


def test_title_of_every_objective_is_for_readers() -> None:
    """No name of an option appears in a report."""
    titles = [title_of(name) for name in (*OBJECTIVES, "my_team.costs:saved_money")]

    assert not any("_" in title or ":" in title for title in titles)
