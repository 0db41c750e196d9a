"""The bound of latency of a search, and the predictions for its finalists."""

from __future__ import annotations

from kedro_nas.errors import SearchSpaceError
from kedro_nas.records.latency import LatencyBound
from kedro_nas.records.search import Finalist
from kedro_nas.space.search_space import SearchSpace


def bound_of(space: SearchSpace) -> LatencyBound | None:
    """Return the bound of latency of a search space, None without one."""
    limit = space.bounds.max_latency_ms
    if space.device is None or limit is None:
        return None
    return LatencyBound(
        max_ms=limit,
        device=space.device.name,
        machine=space.device.machine,
        margin=space.device.error.margin,
    )


def with_latency(one: Finalist, space: SearchSpace) -> Finalist:
    """Return a finalist with the latency that is predicted for it, if it can be.

    A custom baseline has layers that are not known here; it is measured later.
    """
    if bound_of(space) is None or space.device is None:
        return one
    try:
        predicted = space.device.predict_ms(one.architecture)
    except SearchSpaceError:
        return one
    return one.model_copy(update={"latency_ms": round(predicted, 4)})
