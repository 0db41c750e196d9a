"""Money is measured hours times given prices, and nothing else."""

from __future__ import annotations

import pytest

from kedro_nas.accounting.job_costs import compute_costs, price_time
from kedro_nas.accounting.time_spent import TimeSpent
from kedro_nas.errors import ParameterError
from kedro_nas.parameters.reporting import CostOptions, ReportingOptions

TWO_HOURS = TimeSpent((), 7200.0, None, ())


def test_price_without_prices_gives_hours_and_no_money():
    """No constant in the code stands in for a price that was not given."""
    costs = price_time(TWO_HOURS, CostOptions())

    assert costs.device_hours == 2.0
    assert costs.prices == ()
    assert costs.kwh is costs.grams_co2 is None


def test_price_with_all_prices_gives_three_ways_of_paying():
    """Bought: 1500/10000 h x 2 h; drawn: 0.4 kWh x 0.3; rented: 2 h x 0.5."""
    options = CostOptions(
        hardware_price=1500, lifetime_hours=10_000, power_watts=200, price_per_kwh=0.3,
        cloud_price_per_hour=0.5, grams_co2_per_kwh=350,
    )  # fmt: skip

    costs = price_time(TWO_HOURS, options)

    assert [one.amount for one in costs.prices] == pytest.approx([0.3, 0.12, 1.0])
    assert costs.grams_co2 == pytest.approx(140)


def test_price_of_several_devices_multiplies_the_hours():
    """Four devices for two hours are eight device-hours."""
    assert price_time(TWO_HOURS, CostOptions(devices=4)).device_hours == 8.0


def test_price_without_a_lifetime_leaves_the_hardware_out():
    """Half of a price is no price: other sums are still given."""
    options = CostOptions(hardware_price=1500, cloud_price_per_hour=0.5)

    assert [one.name for one in price_time(TWO_HOURS, options).prices] == [
        "Rented machine"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"lifetime_hours": 0},
        {"power_watts": -1},
        {"price_per_kwh": float("inf")},
        {"devices": 0},
        {"prise_per_kwh": 1},
    ],
)
def test_cost_options_out_of_range_are_refused(wrong):
    """A price below zero, a lifetime of nothing or a misspelt name is told."""
    with pytest.raises(ParameterError):
        ReportingOptions.parse({"costs": wrong}, where="nas.reporting")


def test_compute_costs_prices_the_seconds_of_the_stages(results):
    """Hours are those of the stages' records, whatever is paid for them."""
    costs = compute_costs(CostOptions(cloud_price_per_hour=3600), results)

    assert costs.device_hours == pytest.approx(costs.time.total_s / 3600)
    assert costs.prices[0].amount == pytest.approx(costs.time.total_s)
