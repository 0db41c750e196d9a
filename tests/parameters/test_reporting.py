"""`kedro_nas.parameters.reporting`: prices that multiply, a title that fits."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.reporting import CostOptions, ReportingOptions


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 121},
        {"tensorboard": ""},
        {"costs": {"price_per_kwh": -0.1}},
        {"costs": {"hardware_price": float("inf")}},
        {"costs": {"lifetime_hours": 0}},
        {"costs": {"devices": 0}},
        {"costs": {"currency": ""}},
    ],
)
def test_reporting_options_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    """A price is finite and not negative, what is divided by is not zero."""
    with pytest.raises(ParameterError):
        ReportingOptions.parse(wrong, where="nas.reporting")


def test_no_price_is_assumed() -> None:
    """Money appears only where somebody has said what an hour costs."""
    prices = CostOptions().model_dump(exclude={"devices", "currency"})

    assert set(prices.values()) == {None}
