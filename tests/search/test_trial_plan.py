"""What a search trains follows its budget, and stays what it was begun with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.search.plans import SPEED, divided, make_plan, racers

from kedro_nas.data.store import ImageStore
from kedro_nas.search.ledger import Ledger
from kedro_nas.search.ledger_lines import SpeedMeasured, TrialsPlanned
from kedro_nas.search.oracle import HyperbandOracle
from kedro_nas.search.race import Race
from kedro_nas.search.trial_plan import (
    DRAWN_FACTOR,
    FINAL_EPOCHS_FACTOR,
    TrialPlan,
)
from kedro_nas.space.costs import count_macs
from kedro_nas.space.search_space import SearchSpace

Plan = Callable[..., TrialPlan]


@pytest.fixture
def plan(store_folder: Path, small_space: SearchSpace, tmp_path: Path) -> Plan:
    """Plan the trials of a job of so many seconds; again, it goes on."""

    def make(
        budget_s: float | None, *, space: SearchSpace = small_space, **options: Any
    ) -> TrialPlan:
        ledger = Ledger(tmp_path / "ledger.jsonl")
        store = ImageStore.open(store_folder)
        return make_plan(store, space, ledger, divided(budget_s), **options)

    return make


@pytest.fixture
def noted(tmp_path: Path) -> Callable[[], list[TrialsPlanned]]:
    """Read the decisions in the ledger."""
    return lambda: Ledger(tmp_path / "ledger.jsonl").of(TrialsPlanned)


def test_plan_of_a_short_budget_is_a_race(plan: Plan, noted: Any) -> None:
    """The proven networks and then the baseline, all with one recipe."""
    trials = plan(300.0)
    networks = racers(trials)
    baseline = networks[-1]

    assert isinstance(trials.schedule, Race)
    assert trials.total == len(networks) >= 2
    assert trials.proven == tuple(one.network_key for one in networks[:-1])
    assert {stage.block for stage in baseline.stages} == {"residual"}
    assert len({one.recipe for one in networks}) == 1
    assert trials.schedule.rung_epochs(0, 0) == trials.top_epochs >= 1
    assert [line.kind for line in noted()] == ["race"]


def test_plan_proven_network_leaves_enough_epochs_to_the_final_training(
    plan: Plan, noted: Any, small_space: SearchSpace
) -> None:
    """On the larger set of rows, at a speed that follows the multiply-adds."""
    plan(300.0)
    seconds = divided(300.0).final_s or 0.0
    epoch_s = SPEED.epoch_s * 30 / 20 / SPEED.workers  # 30 rows against 20
    wider = noted()[0].max_macs / count_macs(small_space.anchors[0])

    epochs = seconds / (epoch_s * wider)
    assert epochs == pytest.approx(FINAL_EPOCHS_FACTOR * SPEED.full_epochs)


def test_plan_follows_the_measured_growth_of_seconds_with_multiply_adds(
    small_space: SearchSpace, store_folder: Path, tmp_path: Path
) -> None:
    """Where wide networks are cheap for their size, wider ones are raced."""
    store = ImageStore.open(store_folder)
    limits = []
    for exponent in (1.0, 0.5):
        ledger = Ledger(tmp_path / f"{exponent}.jsonl")
        speed = replace(SPEED, cost_exponent=exponent)
        make_plan(store, small_space, ledger, divided(300.0), speed=speed)
        limits.append(ledger.of(TrialsPlanned)[0].max_macs or 0.0)
    proportional, measured = (
        limit / count_macs(small_space.anchors[0]) for limit in limits
    )

    assert proportional > 1
    assert measured == pytest.approx(proportional**2)


def test_plan_of_a_longer_budget_races_no_narrower_network(
    small_space: SearchSpace, store_folder: Path, tmp_path: Path
) -> None:
    """Seconds are spent on width before they are spent on anything else."""
    store = ImageStore.open(store_folder)
    first = [
        racers(
            make_plan(store, small_space, Ledger(tmp_path / f"{s}.jsonl"), divided(s))
        )[0]
        for s in (100.0, 300.0, 600.0)
    ]
    macs = [count_macs(one) for one in first]

    assert macs == sorted(macs)


def test_plan_of_a_long_budget_searches_among_what_is_affordable(
    plan: Plan, noted: Any, small_space: SearchSpace
) -> None:
    """Proven networks are tried after the anchors, and the first is never cut."""
    trials = plan(20_000.0)
    oracle = trials.schedule
    assert isinstance(oracle, HyperbandOracle)
    given = [oracle.create(f"w{n}").architecture for n in range(4)]
    space, (line,) = oracle._space, noted()

    assert [one.key for one in given if one] == [a.key for a in space.anchors[:4]]
    (first,) = trials.proven
    assert first in {one.network_key for one in given if one}
    proven = next(a for a in space.anchors if a.network_key == first)
    assert oracle._immune == {small_space.anchors[0].key, proven.key}
    assert oracle.ladder.n_immune == len(oracle._immune)
    assert space.bounds.max_macs == int(DRAWN_FACTOR * line.max_macs)
    assert trials.top_epochs == oracle.ladder.max_epochs == line.epochs


def test_plan_without_a_budget_is_hyperband_over_the_space_as_it_is(
    plan: Plan, noted: Any, small_space: SearchSpace
) -> None:
    """Nothing is sized to seconds that nobody counts."""
    trials = plan(None, max_trials=7)
    oracle = trials.schedule

    assert isinstance(oracle, HyperbandOracle)
    assert oracle._space == small_space
    assert (trials.proven, trials.total) == ((), 7)
    assert noted()[0].max_macs is None


def test_plan_names_the_lag_of_a_search_that_learns(
    small_space: SearchSpace, store_folder: Path, tmp_path: Path
) -> None:
    """Only then can workers wait for each other; random search and a race do not."""
    store = ImageStore.open(store_folder)

    def lag(name: str, kind: str, **options: Any) -> int | None:
        ledger = Ledger(tmp_path / name / "ledger.jsonl")
        seconds = divided(None, kind)
        return make_plan(store, small_space, ledger, seconds, **options).lag

    assert lag("learns", "search", plan="search", max_trials=9, learning_lag=40) == 40
    assert (
        lag("random", "search", plan="search", max_trials=9, proposer="random") is None
    )
    assert lag("race", "race", plan="race") is None


def test_plan_race_without_a_budget_runs_candidate_0_for_a_full_training(
    plan: Plan, small_space: SearchSpace
) -> None:
    """`plan: race` alone races candidate 0 and the baseline."""
    trials = plan(None, plan="race")
    networks = racers(trials)

    assert networks[0] == small_space.anchors[0]
    assert len(networks) == 2
    assert 1 <= trials.top_epochs <= SPEED.full_epochs


def test_plan_of_a_race_leaves_out_the_seconds_that_its_measurement_took(
    plan: Plan, tmp_path: Path
) -> None:
    """They are of the search's seconds, and no network can be trained in them."""
    whole = plan(600.0).top_epochs
    (tmp_path / "ledger.jsonl").unlink()
    measured = SpeedMeasured(t=40.0, **vars(SPEED))
    (tmp_path / "ledger.jsonl").write_text(measured.model_dump_json() + "\n")

    assert 1 <= plan(600.0).top_epochs < whole


@pytest.mark.parametrize("begun_s", [300.0, 20_000.0])
@pytest.mark.parametrize("budget_s", [40.0, 5_000.0, 90_000.0, None])
def test_plan_that_was_begun_is_kept_with_another_budget(
    plan: Plan, noted: Any, begun_s: float, budget_s: float | None
) -> None:
    """Networks, epochs and rungs are those of the first session, which are replayed."""
    first = plan(begun_s)
    kept = noted()
    kind = kept[0].kind
    again = plan(budget_s, plan=kind, max_trials=9)

    assert noted() == kept
    assert (again.proven, again.top_epochs) == (first.proven, first.top_epochs)
    if isinstance(first.schedule, Race):
        assert racers(again) == racers(first)
    else:
        schedules = [first.schedule, again.schedule]
        assert all(isinstance(one, HyperbandOracle) for one in schedules)
        ladders = [one.ladder for one in schedules]  # type: ignore[attr-defined]
        assert ladders[0] == ladders[1]


def test_plan_keeps_a_bound_of_multiply_adds_that_was_given(
    plan: Plan, small_space: SearchSpace
) -> None:
    """Neither proven nor drawn networks exceed what the user allows."""
    limit = 2 * count_macs(small_space.anchors[0])
    bounds = small_space.bounds.model_copy(
        update={"max_macs": limit, "macs_are_auto": False}
    )
    space = small_space.model_copy(update={"bounds": bounds})
    oracle = plan(90_000.0, space=space).schedule

    assert isinstance(oracle, HyperbandOracle)
    assert oracle._space.bounds.max_macs == limit
    assert all(count_macs(one) <= limit for one in oracle._space.anchors[2:])
