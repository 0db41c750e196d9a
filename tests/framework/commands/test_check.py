"""What `kedro nas check` prints."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from kedro_nas.framework.commands.check import JobOutlook, _text
from kedro_nas.search.forecast import Division, Forecast

DIVISION = Division(
    budget_s=300.0,
    kind="race",
    full_trainings=4.5,
    data_s=14.0,
    import_s=6.0,
    search_s=40.5,
    ranking_s=0.0,
    final_s=223.5,
    finish_s=16.0,
)
LONGER = DIVISION.model_copy(
    update={
        "budget_s": 36_000.0,
        "kind": "search",
        "full_trainings": 599.5,
        "search_s": 14_388.0,
    }
)
FORECAST = Forecast(
    division=DIVISION,
    examples=(LONGER,),
    full_training_s=60.0,
    full_epochs=30,
    architectures=3,
    trials=4,
    memory_mb=100.0,
    disk_mb=10.0,
)
AHEAD = JobOutlook(
    namespace="nas",
    images=1000,
    image_shape=(8, 8, 1),
    classes=10,
    mode="small_data",
    warnings=(),
    candidate_0="conv",
    step_s=0.01,
    workers=2,
    gpus=(),
    gpu_problem="",
    forecast=FORECAST,
    costs={},
)


@pytest.mark.parametrize(
    ("gpus", "problem", "expected"),
    [
        (["0", "1"], "", ["GPUs:      0, 1"]),
        ([], "", ["GPUs:      none"]),
        ([], "packages miss", ["GPUs:      none", "           ! packages miss"]),
    ],
)
def test_check_names_the_gpus_and_what_keeps_others_from_use(
    gpus: list[str], problem: str, expected: list[str]
) -> None:
    """Somebody with an unusable card learns it before a night of CPU training."""
    text = _text(replace(AHEAD, gpus=tuple(gpus), gpu_problem=problem))
    lines = text.splitlines()
    first = lines.index(expected[0])

    assert lines[first : first + len(expected)] == expected
    assert lines[first + len(expected)].startswith("First:")


def test_check_shows_how_the_budget_is_divided() -> None:
    """The plan is a sentence; this job and other budgets are lines of one table."""
    lines = _text(AHEAD).splitlines()
    head = next(n for n, line in enumerate(lines) if line.startswith("budget"))

    assert any("5 min afford 4.5 full trainings" in line for line in lines)
    assert lines[head].split("  ")[-1] == "finish"
    assert lines[head + 1].split() == [
        *("5", "min", "4.5", "race", "14", "s", "6", "s", "40", "s"),
        *("0", "s", "4", "min", "16", "s"),
    ]
    assert lines[head + 2].split()[:4] == ["10.0", "h", "599.5", "search"]


def test_check_of_a_job_without_a_budget_says_what_ends_it() -> None:
    """The smoke run is ended by counts, and its first line has no seconds."""
    division = DIVISION.model_copy(
        update={"budget_s": None, "full_trainings": None, "kind": "search"}
    )
    forecast = FORECAST.model_copy(update={"division": division})
    text = _text(replace(AHEAD, forecast=forecast))

    assert "a search of the space; no budget, counts end it" in text
    assert "\nnone " in text


def test_check_warns_of_workers_that_would_wait_for_outcomes() -> None:
    """Below the numbers of the search, and nothing where none waits."""
    forecast = FORECAST.model_copy(update={"waiting": "Of 9 workers at most 8 train"})
    lines = _text(replace(AHEAD, forecast=forecast)).splitlines()
    search = next(n for n, line in enumerate(lines) if line.startswith("Search:"))

    assert lines[search + 1] == "           ! Of 9 workers at most 8 train"
    assert "at most" not in _text(AHEAD)


def test_check_shows_the_prices_that_were_given() -> None:
    """Money appears where a price was given, and only there."""
    priced = _text(replace(AHEAD, costs={"rent, EUR": 0.5}))

    assert "Cost:      rent, EUR: 0.50" in priced
    assert "Cost:" not in _text(AHEAD)


def test_check_counts_one_as_one() -> None:
    """A short race may try a single network."""
    forecast = FORECAST.model_copy(update={"architectures": 1, "trials": 1})
    text = _text(replace(AHEAD, forecast=forecast))

    assert "Search:    about 1 architecture in 1 trial\n" in text


def test_check_for_programs_has_the_forecast_among_its_values() -> None:
    """One object without levels for what a script reads, tables as lists."""
    value = AHEAD.to_json()

    assert value["images"] == 1000
    assert value["architectures"] == 3
    assert value["total_s"] == 300.0
    assert value["division"]["search_s"] == 40.5
    assert "forecast" not in value


@pytest.mark.parametrize("page", ["tutorial.md", "concepts/budget.md"])
def test_pages_show_what_check_prints(page: str) -> None:
    """Lines and columns of the samples in our pages are those of the command."""
    sample = (Path(__file__).parents[3] / "docs" / page).read_text()
    label = re.compile(r"^([A-Z][\w ]*): {2,}", re.MULTILINE)
    printed = _text(AHEAD)
    head = re.compile(r"^budget  .*$", re.MULTILINE)

    assert label.findall(sample) in ([], label.findall(printed))
    assert [h.split() for h in head.findall(sample)] == [
        h.split() for h in head.findall(printed)
    ]
