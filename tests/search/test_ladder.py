"""The ladder is what the oracle trains, and what KerasTuner computes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras_tuner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedro_nas.parameters.search import SearchOptions
from kedro_nas.search.ladder import Ladder, Limits, make_limits
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


def _train_all(oracle: HyperbandOracle) -> tuple[Counter[tuple[int, int, int]], int]:
    """Drive an oracle to its end; count trials by place, and the epochs of them all."""
    trained: Counter[tuple[int, int, int]] = Counter()
    total = 0
    while (trial := oracle.create("worker")).status == "RUNNING":
        place = oracle.place(trial.trial_id)
        trained[place.iteration, place.bracket, place.rung] += 1
        values: dict[str, Any] = trial.hyperparameters.values
        total += values["tuner/epochs"] - values["tuner/initial_epoch"]
        oracle.end(trial.trial_id, score=values["width"] * 37 % 101 / 101)
    return trained, total


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(span=epochs, factor=st.integers(2, 4), iterations=st.integers(1, 2))
def test_ladder_is_what_the_oracle_trains(
    make_oracle: Callable[..., HyperbandOracle],
    span: tuple[int, int],
    factor: int,
    iterations: int,
) -> None:
    """Driven to its end, the oracle trains exactly the trials the ladder lists."""
    first, top = span
    ladder = Ladder(first, top, factor)
    limits = {"iterations": iterations}
    options = {"min_epochs": first, "max_epochs": top, "factor": factor, **limits}
    trained, total = _train_all(make_oracle(**options))

    assert trained == {
        (iteration, bracket.number, number): rung.size
        for iteration in range(iterations)
        for bracket in ladder.brackets
        for number, rung in enumerate(bracket.rungs)
    }
    assert total == iterations * ladder.epochs_trained
    assert trained.total() == iterations * ladder.n_trials


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    max_trials=st.one_of(st.none(), st.integers(1, 60)),
    max_epochs_total=st.one_of(st.none(), st.integers(1, 200)),
    iterations=st.integers(1, 2),
)
def test_ladder_counts_the_trials_within_limits_as_the_oracle_does(
    make_oracle: Callable[..., HyperbandOracle],
    max_trials: int | None,
    max_epochs_total: int | None,
    iterations: int,
) -> None:
    """What the forecast takes for the number of trials is what is trained."""
    limits = Limits(iterations, max_trials, max_epochs_total)
    trained, _ = _train_all(make_oracle(**asdict(limits)))

    assert Ladder(1, 9, 3).trials_within(limits) == trained.total()


def test_ladder_without_limits_is_endless() -> None:
    """A search that only its budget in seconds ends has no number of trials."""
    assert Ladder(1, 9, 3).trials_within(Limits(None, None, None)) is None


def test_limits_of_small_data_are_one_pass_unless_given() -> None:
    """Small data is searched once; `iterations` says otherwise."""
    given = SearchOptions(iterations=3)

    assert make_limits(SearchOptions(), "small_data").iterations == 1
    assert make_limits(SearchOptions(), "normal").iterations is None
    assert make_limits(given, "small_data").iterations == 3


def test_page_on_the_search_shows_the_ladder_of_the_defaults() -> None:
    """The table of brackets in docs/concepts/search.md is what is trained."""
    ladder = Ladder(*SearchOptions().rung_epochs(8000 // 32), SearchOptions().factor)
    page = Path(__file__).parents[2] / "docs" / "concepts" / "search.md"
    rows = re.findall(r"^\| (\d) \|(.*)\| (\d+) \|$", page.read_text(), re.MULTILINE)

    assert [(int(n), int(epochs)) for n, _, epochs in rows] == [
        (bracket.number, bracket.epochs_trained) for bracket in ladder.brackets
    ]
    assert [[int(n) for n in re.findall(r"\d+", cells)] for _, cells, _ in rows] == [
        [n for rung in bracket.rungs for n in (rung.size, rung.epochs)]
        for bracket in ladder.brackets
    ]


def test_ladder_of_one_rung_is_random_search() -> None:
    """Where the top is the bottom, every network is trained once, to the end."""
    (bracket,) = Ladder(4, 4, 3).brackets

    assert [(rung.epoch_start, rung.epochs) for rung in bracket.rungs] == [(0, 4)]
