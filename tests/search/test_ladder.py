"""The ladder is what the oracle trains, and nearly what KerasTuner computes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras_tuner
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedro_nas.parameters.search import SearchOptions
from kedro_nas.search.ladder import (
    DRAWN_COST,
    Ladder,
    Limits,
    make_ladder,
    make_limits,
)
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.space.architecture import Architecture, Recipe
from kedro_nas.space.search_space import SearchSpace

epochs = st.integers(1, 8).flatmap(
    lambda first: st.tuples(st.just(first), st.integers(first, 90))
)


@given(epochs, st.integers(2, 5))
def test_ladder_has_keras_tuners_epochs(span: tuple[int, int], factor: int) -> None:
    """Epochs and numbers of rungs and brackets are those KerasTuner computes."""
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
            assert rung.epochs == theirs._get_epochs(bracket.number, number)


@pytest.mark.parametrize(("top", "factor"), [(9, 3), (81, 3), (16, 2), (64, 4)])
def test_ladder_from_one_epoch_on_has_keras_tuners_sizes(top: int, factor: int) -> None:
    """Where rung 0 is an epoch the two agree, but for the bracket that is left out."""
    theirs = keras_tuner.oracles.HyperbandOracle(
        objective="val_accuracy", max_epochs=top, factor=factor, seed=1
    )
    ladder = Ladder(1, top, factor)

    assert ladder.numbers == tuple(range(ladder.n_brackets - 1, 0, -1))
    for bracket in ladder.brackets:
        for number, rung in enumerate(bracket.rungs):
            assert rung.size == theirs._get_size(bracket.number, number)


@given(st.integers(1, 20), st.integers(1, 4), st.integers(2, 4))
def test_ladder_sizes_follow_the_number_of_brackets(
    first: int, n_rungs: int, factor: int
) -> None:
    """Rungs of 5, 15 and 45 epochs have as many networks as those of 1, 3 and 9."""

    def sizes(first: int) -> list[list[int]]:
        ladder = Ladder(first, first * factor ** (n_rungs - 1), factor)
        assert ladder.n_brackets == n_rungs
        return [[rung.size for rung in bracket.rungs] for bracket in ladder.brackets]

    assert sizes(first) == sizes(1)


@given(epochs, st.integers(2, 5))
def test_ladder_of_a_single_bracket_is_the_longest(
    span: tuple[int, int], factor: int
) -> None:
    """Few seconds are spent on one bracket, with the most looks at each network."""
    whole = Ladder(*span, factor)
    single = Ladder(*span, factor, is_single=True)

    assert single.brackets == whole.brackets[:1]
    assert single.numbers == (whole.n_brackets - 1,)
    assert len(single.brackets[0].rungs) == whole.n_brackets


@given(epochs, st.integers(2, 4), st.integers(0, 4))
def test_ladder_has_room_above_for_networks_that_are_never_cut(
    span: tuple[int, int], factor: int, n_immune: int
) -> None:
    """And for one more, so that there is something to promote; rung 0 stays."""
    usual = Ladder(*span, factor)
    ladder = Ladder(*span, factor, n_immune=n_immune)
    first, *others = ladder.brackets

    assert first.rungs[0] == usual.brackets[0].rungs[0]
    if n_immune:
        assert all(rung.size > n_immune for rung in first.rungs[1:])
    assert others == list(usual.brackets[1:])


def _made(space: SearchSpace, n_train: int = 8_000, **changes: Any) -> Ladder:
    known = {
        n: changes.pop(n) for n in ("affordable_epochs", "n_immune") if n in changes
    }
    return make_ladder(SearchOptions(**changes), space, n_train, **known)


class _Counted:
    """What a ladder asks of a space: batches of 32 images."""

    anchors = (Architecture.model_construct(recipe=Recipe(batch_size=32)),)


SPACE: Any = _Counted()


def test_make_ladder_without_seconds_is_that_of_the_options() -> None:
    """150 steps at least on rung 0, and two halvings above it."""
    assert _made(SPACE) == Ladder(1, 9, 3)
    assert _made(SPACE, n_train=1_200) == Ladder(5, 45, 3)
    assert _made(SPACE, n_train=10) == Ladder(150, 1350, 3)
    assert _made(SPACE, n_immune=2).n_immune == 2


@pytest.mark.parametrize(
    ("affordable", "top", "is_single"),
    [
        (1, 9, True),
        (80, 9, False),
        (300, 27, True),
        (1_400, 81, True),
        (1e5, 81, False),
    ],
)
def test_make_ladder_has_the_rungs_its_seconds_afford(
    affordable: float, top: int, is_single: bool
) -> None:
    """Longer ladders where a bracket of theirs is affordable; all brackets later."""
    ladder = _made(SPACE, affordable_epochs=affordable)
    longest = Ladder(1, top, 3, is_single=True)

    assert (ladder.max_epochs, ladder.is_single) == (top, is_single)
    assert longest.epochs_trained * DRAWN_COST <= affordable or top == 9


@given(st.floats(1, 1e5), st.floats(1, 1e5), st.integers(1, 50_000))
def test_make_ladder_grows_with_the_seconds(
    one: float, other: float, n_train: int
) -> None:
    """More seconds never make a shorter ladder."""
    less, more = sorted((one, other))
    short, long = (
        _made(SPACE, n_train=n_train, affordable_epochs=epochs)
        for epochs in (less, more)
    )

    assert short.max_epochs <= long.max_epochs
    assert short.min_epochs == long.min_epochs


def test_make_ladder_keeps_the_epochs_that_were_given() -> None:
    """Seconds decide only how many brackets a ladder of the user's has."""
    ladder = _made(SPACE, max_epochs=12, affordable_epochs=1e6)
    short = _made(SPACE, max_epochs=12, affordable_epochs=1.0)

    assert (ladder.max_epochs, ladder.is_single) == (12, False)
    assert (short.max_epochs, short.is_single) == (12, True)


def _train_all(oracle: HyperbandOracle) -> tuple[Counter[tuple[int, int, int]], int]:
    """Drive an oracle to its end; count trials by place, and the epochs of them all."""
    trained: Counter[tuple[int, int, int]] = Counter()
    total = 0
    while (trial := oracle.create("worker")).status == "RUNNING":
        place = oracle.place(trial.trial_id)
        trained[place.iteration, place.bracket, place.rung] += 1
        values: dict[str, Any] = oracle.trials[trial.trial_id].hyperparameters.values
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
