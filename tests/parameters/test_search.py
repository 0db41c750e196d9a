"""`kedro_nas.parameters.search`: the ladder's epochs and what ends a search."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.search import SearchOptions


@pytest.mark.parametrize(
    ("options", "steps_per_epoch", "expected"),
    [
        ({}, 250, (1, 9)),
        ({}, 36, (5, 45)),
        ({"min_epochs": 3}, 250, (3, 27)),
        ({"min_epochs": 3}, 36, (5, 45)),
        ({"factor": 2}, 250, (1, 4)),
        ({"max_epochs": 4}, 36, (4, 4)),
        ({"max_epochs": 20, "min_steps": 1}, 36, (1, 20)),
    ],
)
def test_rung_epochs_follow_steps_and_bounds(
    options: dict[str, Any], steps_per_epoch: int, expected: tuple[int, int]
) -> None:
    """Rung 0 has its steps and epochs; a given top rung is never exceeded."""
    assert SearchOptions(**options).rung_epochs(steps_per_epoch) == expected


@pytest.mark.parametrize(
    ("options", "counted"),
    [
        ({}, False),
        ({"budget_s": 60}, False),
        ({"max_trials": 3}, True),
        ({"max_epochs_total": 30}, True),
        ({"iterations": 1}, True),
    ],
)
def test_is_counted_when_a_count_ends_the_search(
    options: dict[str, Any], *, counted: bool
) -> None:
    """Seconds are no count: they end the same sequence earlier or later."""
    assert SearchOptions(**options).is_counted is counted


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_epochs": 2, "min_epochs": 3}, "max_epochs must be at least min_epochs"),
        ({"finalists": 0}, "finalists=0"),
        ({"factor": 1}, "factor=1"),
        ({"plan": "fast"}, "plan='fast'"),
        ({"budget_s": 0}, "budget_s"),
        ({"rung0_standard_error": 0}, "rung0_standard_error=0"),
        ({"pipeline_budget_s": 300}, "moved to nas.budget_s"),
    ],
)
def test_search_options_out_of_range_are_named(
    wrong: dict[str, Any], said: str
) -> None:
    """Each impossible value ends in a message that names it."""
    with pytest.raises(ParameterError) as raised:
        SearchOptions.parse(wrong, where="nas.search")

    assert said in str(raised.value)
