"""What the measured hours cost: as bought hardware, as electricity, as rent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kedro_nas.accounting.ledger import Ledger, open_ledger
from kedro_nas.parameters.reporting import CostOptions


@dataclass(frozen=True)
class Sum:
    """One way of paying for the same hours.

    Attributes:
        name: What is paid for.
        amount: In the currency of the options.
        formula: How the amount came about, with its numbers.
    """

    name: str
    amount: float
    formula: str


@dataclass(frozen=True)
class Costs:
    """The ledger, and what it amounts to.

    Attributes:
        ledger: Seconds by stage and part.
        device_hours: Hours times devices.
        sums: One for each price given; empty when none was.
        currency: Of the sums.
        kwh: Electricity drawn, None when `power_watts` was not given.
        grams_co2: Carbon, None unless both power and carbon intensity were given.
    """

    ledger: Ledger
    device_hours: float
    sums: tuple[Sum, ...]
    currency: str
    kwh: float | None
    grams_co2: float | None


def account(options: CostOptions, **recorded: Any) -> Costs:
    """Turn the seconds that were measured into hours and money.

    Args:
        options: Prices; each that is missing leaves its sum out.
        recorded: What the stages left, as `accounting.ledger.open_ledger` takes it.

    Returns:
        The costs. No number in them comes from this code: seconds are measured,
        prices are given.
    """
    return price(open_ledger(**recorded), options)


def price(ledger: Ledger, options: CostOptions) -> Costs:
    """Price the hours of a ledger.

    >>> from kedro_nas.accounting.ledger import Ledger
    >>> hour = Ledger((), 3600.0, None, ())
    >>> price(hour, CostOptions(power_watts=200, price_per_kwh=0.3)).sums[0].amount
    0.06
    """
    hours = ledger.total_s / 3600 * options.devices
    kwh = None if options.power_watts is None else options.power_watts / 1000 * hours
    carbon = None
    if kwh is not None and options.grams_co2_per_kwh is not None:
        carbon = kwh * options.grams_co2_per_kwh
    return Costs(
        ledger=ledger,
        device_hours=hours,
        sums=tuple(_sums(hours, kwh, options)),
        currency=options.currency,
        kwh=kwh,
        grams_co2=carbon,
    )


def _sums(hours: float, kwh: float | None, options: CostOptions) -> list[Sum]:
    sums = []
    bought, lifetime = options.hardware_price, options.lifetime_hours
    if bought is not None and lifetime is not None:
        sums.append(
            Sum(
                "Hardware, as bought",
                bought / lifetime * hours,
                f"{bought:g} / {lifetime:g} h x {hours:.3g} h",
            )
        )
    if kwh is not None and options.price_per_kwh is not None:
        sums.append(
            Sum(
                "Electricity",
                kwh * options.price_per_kwh,
                f"{kwh:.3g} kWh x {options.price_per_kwh:g}",
            )
        )
    if options.cloud_price_per_hour is not None:
        sums.append(
            Sum(
                "The same hours, rented",
                options.cloud_price_per_hour * hours,
                f"{options.cloud_price_per_hour:g} x {hours:.3g} h",
            )
        )
    return sums
