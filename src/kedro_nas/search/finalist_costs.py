"""The cost of each trial's network, for finalists on the front of score against it."""

from __future__ import annotations

from collections.abc import Mapping

from kedro_nas.errors import ParameterError, SearchSpaceError
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.trials import TrialRow
from kedro_nas.search.latency_bound import bound_of
from kedro_nas.space.search_space import SearchSpace


def check_front(options: SearchOptions, space: SearchSpace) -> None:
    """Check that the cost of the front can be known.

    Raises:
        ParameterError: It is the latency, which the space does not bound.
    """
    if options.needs_latency and bound_of(space) is None:
        raise ParameterError(
            "finalists cannot be chosen by latency",
            received=f"{options.needs_latency}, and a search space without a bound of "
            "latency",
            allowed="params or macs; latency where nas.search_space.max_latency_ms is "
            "set and the device has a profile",
            remedy="Make a profile with `kedro nas profile-device`, set the bound, and "
            "run again from the stage search_space on",
        )


def costs_on_front(
    rows: Mapping[str, TrialRow], options: SearchOptions, space: SearchSpace
) -> dict[str, float] | None:
    """Return the cost of the front by trial; None where the score alone counts.

    Args:
        rows: Rows of `nas.trials` by trial.
        options: Of the search.
        space: Its device predicts latencies.

    Returns:
        Costs; `nan` for a latency that cannot be predicted, which is on no front.
    """
    if options.finalists_front is None:
        return None
    if options.finalists_front == "latency":
        return {name: _latency_ms(row, space) for name, row in rows.items()}
    return {
        name: float(row.params if options.finalists_front == "params" else row.macs)
        for name, row in rows.items()
    }


def _latency_ms(row: TrialRow, space: SearchSpace) -> float:
    try:
        return (
            float("nan")
            if space.device is None
            else space.device.predict_ms(row.network)
        )
    except SearchSpaceError:
        return float("nan")
