"""The ladder is what the oracle trains, and what KerasTuner computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras_tuner
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedro_nas.search.ladder import Ladder
from kedro_nas.search.oracle import HyperbandOracle

epochs = st.integers(1, 8).flatmap(
    lambda first: st.tuples(st.just(first), st.integers(first, 90))
)


@given(epochs, st.integers(2, 5))
def test_ladder_is_keras_tuners_arithmetic(span: tuple[int, int], factor: int) -> None:
    """Sizes, epochs and numbers of rungs are those KerasTuner computes."""
    first, top = span
    theirs = keras_tuner.oracles.HyperbandOracle(
        objective="val_accuracy", max_epochs=top, factor=factor, seed=1
    )
    theirs.min_epochs = first
    ladder = Ladder(first, top, factor)

    assert ladder.n_brackets == theirs._get_num_brackets()
    for bracket in ladder.brackets:
        assert len(bracket.rungs) == theirs._get_num_rounds(bracket.number)
        for number, rung in enumerate(bracket.rungs):
            assert rung.size == theirs._get_size(bracket.number, number)
            assert rung.epochs == theirs._get_epochs(bracket.number, number)


@pytest.mark.parametrize("first", [1, 2, 5])
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(times=st.integers(1, 12), factor=st.integers(2, 4))
def test_ladder_is_what_the_oracle_trains(
    make_oracle: Callable[..., HyperbandOracle], first: int, times: int, factor: int
) -> None:
    """Driven to its end, the oracle trains exactly the trials the ladder lists."""
    ladder = Ladder(first, first * times, factor)
    oracle = make_oracle(
        min_epochs=first,
        max_epochs=first * times,
        factor=factor,
    )
    trained: Counter[tuple[int, int]] = Counter()
    total = 0
    while (trial := oracle.create("worker")).status == "RUNNING":
        place = oracle.place(trial.trial_id)
        trained[place.bracket, place.rung] += 1
        values: dict[str, Any] = trial.hyperparameters.values
        total += values["tuner/epochs"] - values["tuner/initial_epoch"]
        oracle.end(trial.trial_id, score=0.5)

    assert trained == {
        (bracket.number, number): rung.size
        for bracket in ladder.brackets
        for number, rung in enumerate(bracket.rungs)
    }
    assert total == ladder.epochs_trained
    assert sum(trained.values()) == ladder.n_trials


def test_ladder_of_one_rung_is_random_search() -> None:
    """Where the top is the bottom, every network is trained once, to the end."""
    (bracket,) = Ladder(4, 4, 3).brackets

    assert [(rung.epoch_start, rung.epochs) for rung in bracket.rungs] == [(0, 4)]
