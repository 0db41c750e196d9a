"""Costs of a job: measured hours times given prices of hardware, power or rent."""

from __future__ import annotations

from dataclasses import dataclass

from kedro_nas.accounting.time_spent import TimeSpent, add_up_time
from kedro_nas.parameters.reporting import CostOptions
from kedro_nas.records.job import JobResults


@dataclass(frozen=True)
class Price:
    """The cost of a job in one way of paying.

    Attributes:
        name: What is paid for.
        amount: In the currency of the options.
        formula: The calculation of the amount, with its numbers.
    """

    name: str
    amount: float
    formula: str


@dataclass(frozen=True)
class JobCosts:
    """The seconds of a job and their costs.

    Attributes:
        time: Seconds by stage and part.
        device_hours: Hours times devices.
        prices: One for each price that was given.
        currency: Of the prices.
        kwh: Electricity drawn, None when `power_watts` was not given.
        grams_co2: Carbon, None unless both power and carbon intensity were given.
    """

    time: TimeSpent
    device_hours: float
    prices: tuple[Price, ...]
    currency: str
    kwh: float | None
    grams_co2: float | None


def compute_costs(options: CostOptions, results: JobResults) -> JobCosts:
    """Return the time of a job and its costs.

    Args:
        options: Prices; what has no price is left out.
        results: Of all stages.

    Returns:
        The costs: measured seconds times given prices.
    """
    return price_time(add_up_time(results), options)


def price_time(time: TimeSpent, options: CostOptions) -> JobCosts:
    """Return the costs of the time of a job.

    >>> from kedro_nas.accounting.time_spent import TimeSpent
    >>> hour = TimeSpent((), 3600.0, None, ())
    >>> options = CostOptions(power_watts=200, price_per_kwh=0.3)
    >>> price_time(hour, options).prices[0].amount
    0.06
    """
    hours = time.total_s / 3600 * options.devices
    kwh = None if options.power_watts is None else options.power_watts / 1000 * hours
    carbon = None
    if kwh is not None and options.grams_co2_per_kwh is not None:
        carbon = kwh * options.grams_co2_per_kwh
    return JobCosts(
        time=time,
        device_hours=hours,
        prices=tuple(_prices(hours, kwh, options)),
        currency=options.currency,
        kwh=kwh,
        grams_co2=carbon,
    )


def _prices(hours: float, kwh: float | None, options: CostOptions) -> list[Price]:
    prices = []
    bought, lifetime = options.hardware_price, options.lifetime_hours
    if bought is not None and lifetime is not None:
        prices.append(
            Price(
                "Hardware, as bought",
                bought / lifetime * hours,
                f"{bought:g} / {lifetime:g} h x {hours:.3g} h",
            )
        )
    if kwh is not None and options.price_per_kwh is not None:
        prices.append(
            Price(
                "Electricity",
                kwh * options.price_per_kwh,
                f"{kwh:.3g} kWh x {options.price_per_kwh:g}",
            )
        )
    if options.cloud_price_per_hour is not None:
        prices.append(
            Price(
                "Rented machine",
                options.cloud_price_per_hour * hours,
                f"{options.cloud_price_per_hour:g} x {hours:.3g} h",
            )
        )
    return prices
