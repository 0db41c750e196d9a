"""`kedro_nas.search.forecast`: what a job will take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kedro_nas.accounting.budget_plan import MachineSpeed
from kedro_nas.data.store import ImageStore
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.ranking import RankingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.records.profile import Verdict
from kedro_nas.search.forecast import (
    EXAMPLES_S,
    Forecast,
    JobSetup,
    forecast,
)
from kedro_nas.search.network_timing import NetworkTiming
from kedro_nas.search.step_speed import MeasuredSpace
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import SearchSpace
from kedro_nas.training.execution import PLAIN

Ahead = Callable[..., Forecast]
VERDICT = Verdict(n_train=20, n_folds=5, n_repeats=3)
DATA_S = 14.0


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    """Give a space of networks for the images of `store_folder`."""
    data = DataFacts((8, 8, 1), 2, 20)
    return build_search_space(SearchSpaceOptions(), data, seed=0)


def _setup(budget_s: float | None = None, **sections: Any) -> JobSetup:
    return JobSetup(
        search=SearchOptions(**sections.get("search", {})),
        ranking=RankingOptions(**sections.get("ranking", {})),
        export=ExportOptions(**sections.get("export", {})),
        job=JobOptions(**sections.get("job", {})),
        budget_s=budget_s,
        seed=0,
    )


@pytest.fixture
def ahead(store_folder: Path, space: SearchSpace) -> Ahead:
    """Forecast a job on a made-up machine: 60 s for a full training."""

    def make(
        budget_s: float | None = None, mode: Any = "normal", **sections: Any
    ) -> Forecast:
        speed = MachineSpeed(start_s=4.0, epoch_s=4.0, steps_per_epoch=250, workers=2)
        timing = NetworkTiming(
            measured=MeasuredSpace(space, PLAIN, speed),
            speed=speed,
            build_s=3.0,
            memory_mb=500.0,
        )
        return forecast(
            ImageStore.open(store_folder),
            VERDICT.model_copy(update={"mode": mode}),
            _setup(budget_s, **sections),
            timing,
            data_s=DATA_S,
        )

    return make


@pytest.mark.parametrize("budget_s", [60.0, 300.0, 3_600.0, 36_000.0])
def test_forecast_of_a_budget_uses_all_of_it(ahead: Ahead, budget_s: float) -> None:
    """What no other stage needs trains the winner."""
    division = ahead(budget_s).division

    assert division.total_s == pytest.approx(budget_s)
    assert division.final_s > 0


def test_forecast_shows_budgets_of_other_sizes(ahead: Ahead) -> None:
    """A short budget is raced, a long one searched, whatever is configured."""
    found = ahead(300.0)

    assert [one.budget_s for one in found.examples] == list(EXAMPLES_S)
    assert [one.kind for one in found.examples] == ["race", "race", "search", "search"]
    assert found.examples[1] == found.division
    assert (found.full_epochs, found.full_training_s) == (30, 60.0)


@pytest.mark.parametrize(
    ("sections", "part", "seconds"),
    [
        ({"search": {"budget_s": 100, "plan": "search"}}, "search_s", 100.0),
        ({"ranking": {"budget_s": 50, "epochs": 5}}, "ranking_s", 50.0),
        ({"export": {"budget_s": 20}}, "final_s", 20.0),
    ],
)
def test_forecast_of_a_stage_set_by_hand_keeps_its_seconds(
    ahead: Ahead, sections: dict[str, Any], part: str, seconds: float
) -> None:
    """A number replaces the share of its stage; the whole stays within the budget."""
    division = ahead(300.0, **sections).division

    assert getattr(division, part) == seconds
    assert division.total_s <= 300.0 + 1e-6


def test_forecast_of_a_race_that_is_over_early_leaves_its_seconds(ahead: Ahead) -> None:
    """Networks of a race are not trained beyond a full training."""
    short, long = ahead(300.0), ahead(300.0, search={"budget_s": 1e6})

    assert short.division.kind == long.division.kind == "race"
    assert short.architectures == long.architectures
    assert short.division.search_s < long.division.search_s < 200
    assert long.division.final_s > 50


def test_forecast_of_a_stage_cannot_take_more_than_is_left(ahead: Ahead) -> None:
    """Seconds set by hand do not lengthen the job."""
    division = ahead(300.0, search={"budget_s": 1e6, "plan": "search"}).division

    assert division.search_s == pytest.approx(254.0)
    assert division.final_s == 0.0


def test_forecast_of_fewer_trials_gives_the_rest_to_the_final_training(
    ahead: Ahead,
) -> None:
    """A count that ends the search early leaves seconds over."""
    long = ahead(36_000.0).division
    short = ahead(36_000.0, search={"max_trials": 3}).division

    assert short.search_s < 0.5 * long.search_s
    assert short.final_s - long.final_s == pytest.approx(long.search_s - short.search_s)


@pytest.mark.parametrize(
    ("options", "trials"),
    [({"max_trials": 23}, 23), ({"max_trials": 3}, 3), ({"iterations": 2}, 42)],
)
def test_forecast_without_a_budget_is_ended_by_counts(
    ahead: Ahead, options: dict[str, int], trials: int
) -> None:
    """The trials the oracle has places for are the trials that are foretold."""
    found = ahead(search={**options, "max_epochs": 9, "min_steps": 1})

    assert found.trials == trials
    assert found.division.budget_s is None
    assert found.division.total_s > found.division.search_s > DATA_S


def test_forecast_without_a_budget_counts_folds_and_final_epochs(ahead: Ahead) -> None:
    """Twice the folds take twice as long, and so do twice the final epochs."""
    counts = {"max_trials": 6, "max_epochs": 4}

    def division(folds: int, epochs: int) -> tuple[float, float]:
        found = ahead(
            search=counts,
            ranking={"folds": folds, "repeats": 1, "epochs": 2},
            export={"epochs": epochs},
        ).division
        return found.ranking_s, found.final_s

    (ranking, final), (more_folds, more_epochs) = division(2, 30), division(4, 60)

    built = 4 * 3.0  # three finalists and the baseline, each once

    assert more_folds - built == pytest.approx(2 * (ranking - built))
    assert more_epochs - final == pytest.approx(30 * 4.0 * 30 / 20)


@pytest.mark.parametrize(
    ("export", "folds"),
    [({"epochs": 8}, {"epochs": 4}), ({"epochs": 60}, {"epochs": 30})],
)
def test_forecast_of_folds_is_half_of_the_final_epochs_that_were_given(
    ahead: Ahead, export: Any, folds: Any
) -> None:
    """As in the ranking's own schedule, with a budget or without."""
    counts = {"max_trials": 6, "max_epochs": 4}
    some = {"folds": 2, "repeats": 1, "budget_s": None}
    for budget_s in (None, 36_000.0):
        derived = ahead(budget_s, search=counts, ranking=some, export=export)
        given = ahead(budget_s, search=counts, ranking=some | folds, export=export)

        assert derived.division.ranking_s == pytest.approx(given.division.ranking_s)


def test_forecast_of_folds_has_half_of_what_the_final_seconds_afford(
    ahead: Ahead,
) -> None:
    """Half of 850 s in gradient steps, on four fifths of the rows; two models share."""
    ranking = {"folds": 2, "repeats": 1, "budget_s": 1e5}

    def fold_s(seeds: int) -> float:
        export = {"budget_s": 1_000.0, "seeds": seeds}
        alone: Any = {"ranking": ranking, "export": export, "job": {"baseline": "none"}}
        found = ahead(36_000.0, search={"finalists": 2}, **alone).division
        return (found.ranking_s - 2 * 3.0) / (2 * 2)

    assert fold_s(1) == pytest.approx(0.5 * 850 * 0.8)
    assert fold_s(2) == pytest.approx(0.5 * 425 * 0.8)


@pytest.mark.parametrize("seconds", [None, 5.0, 1e5])
def test_forecast_of_a_cross_validation_takes_what_it_wants_or_nothing(
    ahead: Ahead, seconds: float | None
) -> None:
    """Too few seconds for two folds are no ranking, too many are not all taken."""
    ranking = {"budget_s": seconds, "folds": 3, "repeats": 1, "epochs": 9}
    found = ahead(36_000.0, ranking=ranking).division

    if seconds == 5.0:
        assert found.ranking_s == 0.0
    else:
        assert 9 * 4.0 < found.ranking_s < 1_000
    assert found.total_s == pytest.approx(36_000.0)


def test_forecast_between_a_race_and_a_cross_validation_trains_the_baseline(
    ahead: Ahead,
) -> None:
    """Where no two folds fit, the ranking takes the seconds of one training at most."""
    sections: Any = {"search": {"max_epochs": 9}, "ranking": {"epochs": 500}}
    found = ahead(6_000.0, **sections).division
    alone = ahead(6_000.0, **sections, job={"baseline": "none"}).division

    assert found.kind == alone.kind == "search"
    assert 0 < found.ranking_s < 0.06 * 6_000
    assert alone.ranking_s == 0.0


@pytest.mark.parametrize(("mode", "most"), [("small_data", 50), ("normal", 100_000)])
def test_forecast_of_small_data_is_one_pass(ahead: Ahead, mode: str, most: int) -> None:
    """Few images are searched once through all brackets, whatever the budget."""
    found = ahead(1e6, mode, search={"max_epochs": 9, "min_steps": 1})

    assert 1 <= found.architectures <= most
    assert (found.architectures > 50) == (mode == "normal")


def test_forecast_is_the_same_after_json(ahead: Ahead) -> None:
    """`kedro nas check --json` has all of it."""
    found = ahead(300.0)

    assert Forecast.model_validate(found.model_dump(mode="json")) == found
