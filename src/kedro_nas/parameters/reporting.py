"""Options of the reporting stage: title, prices, and logs for TensorBoard."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from kedro_nas.custom_code import is_import_path
from kedro_nas.parameters.base import Options


class CostOptions(Options):
    """Prices to estimate costs from measured hours; without a price no sum is shown.

    Attributes:
        hardware_price: Price of the machine as bought, in `currency`.
        lifetime_hours: Hours of use over which that price is depreciated.
        power_watts: Power draw of the whole machine under load, watts.
        price_per_kwh: Price of electricity, in `currency` per kWh.
        cloud_price_per_hour: Price of renting the same machine, per hour.
        grams_co2_per_kwh: Carbon of the electricity, grams of CO2 per kWh.
        devices: Number of machines or accelerators used at the same time.
        currency: Name of the currency, shown beside the sums.
    """

    hardware_price: float | None = Field(None, ge=0, allow_inf_nan=False)
    lifetime_hours: float | None = Field(None, gt=0, allow_inf_nan=False)
    power_watts: float | None = Field(None, ge=0, allow_inf_nan=False)
    price_per_kwh: float | None = Field(None, ge=0, allow_inf_nan=False)
    cloud_price_per_hour: float | None = Field(None, ge=0, allow_inf_nan=False)
    grams_co2_per_kwh: float | None = Field(None, ge=0, allow_inf_nan=False)
    devices: int = Field(1, ge=1)
    currency: str = Field("USD", min_length=1, max_length=12)


class ReportingOptions(Options):
    """Content of the report besides the results.

    Attributes:
        title: Heading of the page, None for one made from the data.
        costs: Prices, see `CostOptions`.
        figures: Figures of yours for the page, each `package.module:function`, called
            with `kedro_nas.records.job.JobResults` and returning a Plotly figure.
        tensorboard: Local folder for TensorBoard's event files, a sub-folder per
            search and trial; relative to the project; None writes none.
    """

    section: ClassVar[str] = "reporting"

    title: str | None = Field(None, min_length=1, max_length=120)
    costs: CostOptions = CostOptions()
    figures: tuple[str, ...] = ()
    tensorboard: str | None = Field(None, min_length=1)

    @field_validator("figures")
    @classmethod
    def _import_paths(cls, figures: tuple[str, ...]) -> tuple[str, ...]:
        for path in figures:
            if not is_import_path(path):
                raise ValueError(f"{path!r} is not package.module:function")
        return figures
