"""`kedro_nas.parameters.job`: what stages share, and the seconds of the whole."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.job import JobOptions, check_budget


@pytest.mark.parametrize("baseline", ["auto", "none", "my_team.models:build"])
def test_job_options_accept_a_baseline_that_is_built(baseline: str) -> None:
    """The two words and the path of a function are what a baseline may be."""
    assert JobOptions(baseline=baseline).baseline == baseline


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"baseline": "my_team.models.build"}, "'package.module:function'"),
        ({"baseline": "my team:build"}, "'package.module:function'"),
        ({"baseline": ""}, "'auto', 'none'"),
        ({"workers": 0}, "at least 1, or 'auto'"),
        ({"workers": "many"}, "workers"),
        ({"threads_per_worker": 0}, "threads_per_worker=0"),
        (
            {"objective": "f1"},
            "'macro_f1', 'auc', 'log_loss' or 'package.module:metric'",
        ),
        ({"objective": "my_team.metrics.cost"}, "or 'package.module:metric'"),
        ({"recall_floors": {"rose": 1.5}}, "floor of 'rose' must be above 0"),
        ({"recall_floors": {"rose": 0}}, "floor of 'rose' must be above 0"),
        ({"class_weights": {"rose": -1}}, "weight of 'rose' must be a number above 0"),
        ({"class_weights": "inverse"}, "class_weights"),
        ({"sampling": "weighted"}, "sampling='weighted'"),
        ({"execution": "fast"}, "execution='fast'"),
        ({"pool": ""}, "pool=''"),
        ({"worker": 2}, "did you mean 'workers'"),
    ],
)
def test_job_options_out_of_range_say_what_is_allowed(
    wrong: dict[str, Any], said: str
) -> None:
    """Each impossible value ends in a message that names it or what is allowed."""
    with pytest.raises(ParameterError) as raised:
        JobOptions.parse(wrong, where="nas.job")

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, None), (450, 450.0), (0.5, 0.5), (36_000, 36_000.0)]
)
def test_check_budget_of_seconds_or_none_returns_them(
    given: Any, seconds: float | None
) -> None:
    """Seconds may be whole or not, and null is no limit."""
    found = check_budget(given, where="nas.budget_s")

    assert found == seconds
    assert found is None or isinstance(found, float)


@pytest.mark.parametrize(
    "given", [0, -1, True, "600", "auto", float("inf"), float("nan"), {}, [3]]
)
def test_check_budget_of_anything_else_names_the_parameter(given: Any) -> None:
    """A budget that ends nothing, or no number, is refused under the host's name."""
    with pytest.raises(
        ParameterError, match=r"'shared\.budget' is not valid"
    ) as raised:
        check_budget(given, where="shared.budget")

    assert repr(given) in str(raised.value)
    assert "Write for example `budget: 3600`" in str(raised.value)
