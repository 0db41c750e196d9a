"""Profiles of devices: how long a network takes there, without building it.

A profile holds a table of timed operators and some whole networks that were timed with
them. `predict_ms` adds up the operators of a network and corrects the sum by the
factors of `space.network_times`, which are fitted to the whole networks. These show the
error, too: each of them is predicted by factors that were fitted without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import Field

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Architecture, FrozenValue
from kedro_nas.space.network_times import NetworkFactors, NetworkLoad, fit_factors
from kedro_nas.space.operator_model import OperatorModel, count_weights
from kedro_nas.space.operators import Operator, list_operators

# A search is bounded so that 9 of 10 networks keep their bound at the 90th percentile.
MARGIN_QUANTILE = 0.9
LEAST_NETWORKS = 6
_MEGABYTES = 4e-6  # of a weight, float32


# a time that was measured, and a share or percentage of an error
_Time = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Error = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class OperatorTime(FrozenValue):
    """A timed operator.

    Attributes:
        operator: Fields of `space.operators.Operator`, the kind first.
        us: Median microseconds of a call, the overhead of a call included.
    """

    operator: tuple[str, int, int, int, int, int, int]
    us: _Time


class NetworkTime(FrozenValue):
    """A whole network that was timed, to check the predictions.

    Attributes:
        architecture: The network.
        ms: Median milliseconds of a call.
        p90_ms: 90th percentile.
    """

    architecture: Architecture
    ms: _Time
    p90_ms: _Time


class DeviceMachine(FrozenValue):
    """The device and its runtime.

    Attributes:
        processor: Model of the board or processor.
        architecture: Of the processor, e.g. `aarch64`.
        cores: Processor cores.
        system: Operating system and its version.
        python: Version of Python.
        runtime: Package of the LiteRT runtime.
        runtime_version: Its version.
        threads: Threads the runtime was given.
    """

    processor: str
    architecture: str
    cores: int
    system: str
    python: str
    runtime: str
    runtime_version: str
    threads: int


class PredictionError(FrozenValue):
    """How well whole networks are predicted that the factors were not fitted to.

    Attributes:
        median_percent: Median of the absolute errors, percent of the measured time.
        largest_percent: The largest of them.
        spearman: Rank correlation of predicted and measured times.
        n_networks: Networks compared.
        margin: Share that is added to a prediction before it is compared with a bound:
            with it 9 of 10 of these networks stay below the bound at their 90th
            percentile.
    """

    median_percent: _Error
    largest_percent: _Error
    spearman: Annotated[float, Field(ge=-1, le=1)]
    n_networks: int
    margin: _Error


class DeviceProfile(FrozenValue):
    """What is known of a device, from a few minutes of timing.

    Attributes:
        name: Its name, as in `nas.search_space.device`.
        date: When it was timed, ISO 8601.
        machine: The device.
        load_before: Mean number of running processes before the timing, if known.
        load_after: And after it.
        seconds: Duration of the timing.
        operators: The table.
        networks: Whole networks.
        error: Of the predictions, by cross-check on `networks`.
    """

    name: str
    date: str
    machine: DeviceMachine
    load_before: float | None = None
    load_after: float | None = None
    seconds: float = 0.0
    operators: Annotated[tuple[OperatorTime, ...], Field(min_length=1)]
    networks: Annotated[tuple[NetworkTime, ...], Field(min_length=LEAST_NETWORKS)]
    error: PredictionError

    @property
    def image_sides(self) -> tuple[int, ...]:
        """Longer sides in pixels of the images that whole networks were timed with."""
        return tuple(
            sorted({max(one.architecture.input_shape[:2]) for one in self.networks})
        )

    def predict_ms(self, architecture: Architecture) -> float:
        """Return the median milliseconds that one image takes on the device.

        Raises:
            SearchSpaceError: The layers of the network are not known without building
                it, or the table has no operator of a kind it needs.
        """
        return self._factors.predict_us(add_up(self._model, architecture)) / 1e3

    def bounded_ms(self, architecture: Architecture) -> float:
        """Return the predicted milliseconds, margin for the error included."""
        return self.predict_ms(architecture) * (1 + self.error.margin)

    def describe_bound(self) -> str:
        """Return what a bound of latency means, in a clause."""
        error = self.error
        return (
            f"given by the parameters; one image on {self.name} "
            f"({self.machine.processor}, {self.machine.threads} thread(s)), predicted "
            f"within {error.median_percent:.1f} % (median of {error.n_networks} "
            f"networks), with a margin of {100 * error.margin:.0f} %"
        )

    @cached_property
    def _model(self) -> OperatorModel:
        return fit_operators(self.operators)

    @cached_property
    def _factors(self) -> NetworkFactors:
        loads = [add_up(self._model, one.architecture) for one in self.networks]
        return fit_factors(loads, [1e3 * one.ms for one in self.networks])


def fit_operators(table: Sequence[OperatorTime]) -> OperatorModel:
    """Fit the model of operators to a table; the shortest call is overhead."""
    overhead = min(one.us for one in table)
    return OperatorModel.fit(
        {Operator(*one.operator): one.us - 0.9 * overhead for one in table}
    )


def add_up(model: OperatorModel, architecture: Architecture) -> NetworkLoad:
    """Return the sums over a network's operators.

    Raises:
        SearchSpaceError: An operator is of a kind that was not timed.
    """
    operators = list_operators(architecture)
    try:
        us = sum(map(model.predict, operators))
    except KeyError as error:
        raise SearchSpaceError(
            "the latency of a network cannot be predicted",
            received=f"an operator of the kind {error}, which was not timed",
            allowed=", ".join(sorted(model.groups)),
            remedy="Make the profile again: kedro nas profile-device",
        ) from error
    weights = sum(map(count_weights, operators))
    return NetworkLoad(us, len(operators), _MEGABYTES * weights)


def cross_check(
    loads: Sequence[NetworkLoad], networks: Sequence[NetworkTime]
) -> PredictionError:
    """Predict each network by factors fitted to the others.

    Args:
        loads: Sums over each network's operators.
        networks: The timed networks, at least six.
    """
    from scipy.stats import spearmanr  # its import takes a second

    measured = [1e3 * one.ms for one in networks]
    predicted = []
    for left_out in range(len(networks)):
        others = [i for i in range(len(networks)) if i != left_out]
        factors = fit_factors([loads[i] for i in others], [measured[i] for i in others])
        predicted.append(factors.predict_us(loads[left_out]))
    ratios = np.array(predicted) / np.array(measured)
    errors = 100 * np.abs(ratios - 1)
    tails = np.array([1e3 * one.p90_ms for one in networks]) / np.array(predicted)
    margin = max(0.0, float(np.quantile(tails, MARGIN_QUANTILE)) - 1)
    return PredictionError(
        median_percent=round(float(np.median(errors)), 3),
        largest_percent=round(float(errors.max()), 3),
        spearman=round(float(spearmanr(predicted, measured).statistic), 5),
        n_networks=len(networks),
        margin=math.ceil(1e3 * margin) / 1e3,
    )
