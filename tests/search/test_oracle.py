"""The mends to KerasTuner's Hyperband, each against what it mends."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable

import keras_tuner
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.search.conftest import LearningProposer

from kedro_nas.proposers.outcome import ProposalOutcome
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.stop_rule import StopRule
from kedro_nas.space.architecture import Architecture

MakeOracle = Callable[..., HyperbandOracle]


def _run(
    oracle: HyperbandOracle,
    *,
    workers: int = 1,
    fails: Callable[[int], bool] = lambda _: False,
) -> dict[str, tuple[int, float | None]]:
    """Run a schedule with workers that end first in, first out; width is the score."""
    done: dict[str, tuple[int, float | None]] = {}
    running: list[str] = []
    asked = 0
    while True:
        created = oracle.create(f"w{asked}")
        asked += 1
        if created.status == "RUNNING":
            running.append(created.trial_id)
            if len(running) < workers:
                continue
        elif created.status == "STOPPED" and not running:
            return done
        trial_id = running.pop(0)
        width = oracle.trials[trial_id].hyperparameters.values["width"]
        score = None if fails(width) else width / 1000
        place = oracle.place(trial_id)
        epochs = oracle.rung_epochs(place.bracket, place.rung)
        network = oracle.architecture(trial_id)
        oracle.end(trial_id, score=score)
        oracle.tell(trial_id, ProposalOutcome(network, score, epochs=epochs))
        done[place.name] = (width, score)


def _rungs(done: dict[str, tuple[int, float | None]]) -> Counter[str]:
    return Counter(name[:8] for name in done)


def test_oracle_whole_schedule_is_hyperbands(make_oracle: MakeOracle) -> None:
    """Sizes of Hyperband with 9 epochs and factor 3, without the bracket of no look."""
    done = _run(make_oracle())

    assert _rungs(done) == {
        "i0-b2-r0": 9,
        "i0-b2-r1": 3,
        "i0-b2-r2": 1,
        "i0-b1-r0": 5,
        "i0-b1-r1": 2,
    }
    assert done["i0-b2-r2-n000"] == (9, 0.009)


def test_oracle_brackets_cycle_through_those_in_use(make_oracle: MakeOracle) -> None:
    """Each pass opens the ladder's brackets in their order, and the last pass ends."""

    def opened(**changes: int) -> list[str]:
        done = _run(make_oracle(**changes))
        return list(dict.fromkeys(name[:5] for name in done))

    assert opened(iterations=2) == ["i0-b2", "i0-b1", "i1-b2", "i1-b1"]
    assert opened(iterations=3, is_single=True) == ["i0-b2", "i1-b2", "i2-b2"]
    assert opened(iterations=2, min_epochs=9) == ["i0-b0", "i1-b0"]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_oracle_immune_networks_reach_the_top_whatever_their_scores(
    make_oracle: MakeOracle, numbered: Callable[[int], Architecture], workers: int
) -> None:
    """The two worst are trained to the end, and the best beside them."""
    immune = frozenset({numbered(1).key, numbered(2).key})
    done = _run(make_oracle(immune=immune, slope_places=1), workers=workers)
    top = [width for name, (width, _) in done.items() if name.startswith("i0-b2-r2")]

    assert sorted(top) == [1, 2, 9]
    assert _rungs(done)["i0-b1-r1"] == 2


def test_oracle_immune_network_that_failed_is_not_promoted(
    make_oracle: MakeOracle, numbered: Callable[[int], Architecture]
) -> None:
    """A network that cannot be trained is no better for being proven elsewhere."""
    oracle = make_oracle(immune=frozenset({numbered(1).key}))
    done = _run(oracle, fails=lambda width: width == 1)

    assert [width for width, _ in done.values()].count(1) == 1
    assert _rungs(done)["i0-b2-r2"] == 2


def test_oracle_requires_its_first_trial_alone(make_oracle: MakeOracle) -> None:
    """The budget may end any other trial of a search."""
    oracle = make_oracle()
    created = [oracle.create(f"w{number}").trial_id for number in range(3)]

    assert [oracle.is_required(one) for one in created] == [True, False, False]


@pytest.mark.parametrize("workers", [2, 3, 7])
def test_oracle_number_of_workers_does_not_matter(
    make_oracle: MakeOracle, workers: int
) -> None:
    """The same places get the same networks with any number of workers."""
    alone = _run(make_oracle(iterations=2))

    assert _run(make_oracle(iterations=2), workers=workers) == alone


@pytest.mark.parametrize("lag", [1, 2, 8])
@pytest.mark.parametrize("order", range(5))
def test_oracle_learning_proposer_gives_the_same_search_for_any_workers(
    make_oracle: MakeOracle, lag: int, order: int
) -> None:
    """1, 2, 8 or 20 workers that end in any order; failures and early ends, too."""
    rng = np.random.default_rng(order)

    def run(workers: int) -> dict[str, int]:
        oracle = make_oracle(
            proposer=LearningProposer(), learning_lag=lag, iterations=2, max_trials=33
        )
        running: list[str] = []
        found: dict[str, int] = {}
        while True:
            created = oracle.create(f"place-{len(found)}")
            if created.architecture is not None:
                place = oracle.place(created.trial_id)
                found[place.name] = created.architecture.stages[0].width
                running.append(created.trial_id)
                if len(running) < workers:
                    continue
            if not running:
                return found
            ended = running.pop(int(rng.integers(len(running))))
            width = oracle.architecture(ended).stages[0].width
            score = None if width % 5 == 0 else width / 1000
            place = oracle.place(ended)
            epochs = oracle.rung_epochs(place.bracket, place.rung)
            oracle.end(ended, score=score)
            oracle.tell(
                ended, ProposalOutcome(oracle.architecture(ended), score, epochs=epochs)
            )

    alone = run(1)
    assert len(alone) == 33
    assert [run(workers) for workers in (2, 8, 20)] == [alone] * 3


@pytest.mark.parametrize("workers", [2, 8])
@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"target_score": 0.02}, "target reached"), ({"networks": 12}, "no improvement")],
)
def test_oracle_stops_at_the_same_place_for_any_workers(
    make_oracle: MakeOracle, workers: int, settings: dict[str, float], reason: str
) -> None:
    """No network is proposed after the stop; those on the ladder are trained on."""
    results = []
    for n_workers in (1, workers):
        rule = StopRule(**settings, full_epochs=9)  # type: ignore[arg-type]
        oracle = make_oracle(iterations=9, stop_rule=rule)
        done = _run(oracle, workers=n_workers, fails=lambda width: width > 30)
        results.append(done)

    assert results[0] == results[1]
    assert oracle.proposals_ended_by() == reason
    assert 20 < len(done) < 9 * 20
    assert "i0-b2-r2-n000" in done


def test_oracle_failures_cost_no_promotion(make_oracle: MakeOracle) -> None:
    """With two of three trials failing every rung is still filled (stock: none)."""
    done = _run(make_oracle(), fails=lambda width: width % 3 > 0)

    assert _rungs(done)["i0-b2-r1"] == 3
    assert _rungs(done)["i0-b2-r2"] == 1
    assert done["i0-b2-r2-n000"][0] == 9


def test_oracle_all_failing_rung_ends_its_bracket_only(make_oracle: MakeOracle) -> None:
    """When nothing can be promoted the next bracket is opened."""
    done = _run(make_oracle(), fails=lambda width: width <= 9)

    assert _rungs(done)["i0-b2-r1"] == 0
    assert _rungs(done)["i0-b1-r0"] == 5


def test_oracle_small_space_still_halves_and_then_ends(make_oracle: MakeOracle) -> None:
    """Six networks are tried once and halved to the top; stock promotes none."""
    oracle = make_oracle(size=6, iterations=None)
    done = _run(oracle)

    assert _rungs(done) == {"i0-b2-r0": 6, "i0-b2-r1": 3, "i0-b2-r2": 1}
    assert oracle.proposals_ended_by() == "space exhausted"


@pytest.mark.parametrize("workers", [1, 2])
def test_oracle_max_trials_is_exact(make_oracle: MakeOracle, workers: int) -> None:
    """A limit of trials gives that many, the same ones with any number of workers."""
    done = _run(make_oracle(iterations=None, max_trials=15), workers=workers)

    assert len(done) == 15
    assert _rungs(done) == {
        "i0-b2-r0": 9,
        "i0-b2-r1": 3,
        "i0-b2-r2": 1,
        "i0-b1-r0": 2,
    }


def test_oracle_max_epochs_total_is_not_exceeded(make_oracle: MakeOracle) -> None:
    """A limit of epochs ends the same sequence earlier."""
    done = _run(make_oracle(iterations=None, max_epochs_total=16))

    assert _rungs(done) == {"i0-b2-r0": 9, "i0-b2-r1": 3}


def test_oracle_seed_zero_is_zero(make_oracle: MakeOracle) -> None:
    """Stock KerasTuner takes 0 for no seed."""
    assert make_oracle(seed=0).seed == 0


def test_oracle_min_epochs_drops_the_shortest_rungs(make_oracle: MakeOracle) -> None:
    """With at least 3 epochs there is no rung of one epoch."""
    oracle = make_oracle(min_epochs=3)
    _run(oracle)

    epochs = {t.hyperparameters.values["tuner/epochs"] for t in oracle.trials.values()}
    assert epochs == {3, 9}


@pytest.mark.parametrize("lag", [3, None])
def test_oracle_that_forgets_complete_brackets_gives_the_same_search(
    make_oracle: MakeOracle, lag: int | None
) -> None:
    """Forgetting changes no trial, ids stay unique, and what is kept stays small."""

    def run(*, forgets: bool) -> tuple[dict[str, int], int]:
        oracle = make_oracle(
            proposer=LearningProposer(), learning_lag=lag, max_trials=130, iterations=7
        )
        found: dict[str, int] = {}
        ids, most = set(), 0
        while (created := oracle.create("worker")).architecture is not None:
            place = oracle.place(created.trial_id)
            width = created.architecture.stages[0].width
            found[place.name] = width
            ids.add(created.trial_id)
            oracle.end(created.trial_id, score=width / 1000)
            oracle.tell(
                created.trial_id, ProposalOutcome(created.architecture, width / 1000)
            )
            if forgets:
                assert set(oracle.forget_complete()) <= set(found)
            most = max(most, len(oracle.trials))
        assert len(ids) == len(found)
        return found, most

    whole, kept_whole = run(forgets=False)
    forgetful, kept = run(forgets=True)

    assert forgetful == whole
    assert (len(whole), kept_whole) == (130, 130)
    assert kept <= 13


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    workers=st.integers(1, 5),
    size=st.integers(1, 40),
    max_trials=st.one_of(st.none(), st.integers(1, 60)),
    bad=st.integers(1, 6),
    factor=st.integers(2, 4),
)
def test_oracle_any_schedule_ends_and_ignores_workers(
    make_oracle: MakeOracle,
    workers: int,
    size: int,
    max_trials: int | None,
    bad: int,
    factor: int,
) -> None:
    """Whatever fails and however many workers, a schedule ends with the same trials."""

    def fails(width: int) -> bool:
        return width % bad == 1

    options = {"size": size, "max_trials": max_trials, "factor": factor}
    alone = _run(make_oracle(**options), fails=fails)

    assert _run(make_oracle(**options), workers=workers, fails=fails) == alone
    assert max_trials is None or len(alone) <= max_trials
    assert all(width <= size for width, _ in alone.values())


@pytest.mark.parametrize(
    "name",
    [
        "_get_size",
        "_get_epochs",
        "_get_num_rounds",
        "_get_num_brackets",
        "_increment_bracket_num",
        "_start_new_bracket",
        "create_trial",
        "end_trial",
        "populate_space",
    ],
)
def test_kerastuner_still_has_the_names_we_build_on(name: str) -> None:
    """Each KerasTuner name the subclass uses or replaces exists and is callable."""
    assert callable(getattr(keras_tuner.oracles.HyperbandOracle, name))


def test_kerastuner_base_class_still_sets_what_we_read() -> None:
    """The private attributes the subclass reads are set by KerasTuner's source."""
    source = "".join(
        inspect.getsource(base)
        for base in keras_tuner.oracles.HyperbandOracle.__mro__[:2]
    )

    for name in (
        "trials",
        "ongoing_trials",
        "_current_bracket",
        "_current_iteration",
        "_seed_state",
    ):
        assert f"self.{name} = " in source
