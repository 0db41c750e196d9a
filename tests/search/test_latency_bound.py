"""`kedro_nas.search.latency_bound`: what later stages are told of the bound."""

from __future__ import annotations

from tests.device import device_profile
from tests.finalists import build_finalist

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.search.latency_bound import bound_of, with_latency
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import SearchSpace, build_search_space

DATA = DataFacts((28, 28, 1), 10, 8_000)


def space(max_latency_ms: float | None) -> SearchSpace:
    options = SearchSpaceOptions(preset="cpu", max_latency_ms=max_latency_ms)
    return build_search_space(options, DATA, seed=0, device=device_profile())


def test_bound_travels_with_device_and_margin() -> None:
    """The ranking knows what to measure, and what a prediction is worth."""
    bound = bound_of(space(50.0))

    assert bound is not None
    assert (bound.max_ms, bound.device) == (50.0, "board")
    assert bound.margin == device_profile().error.margin
    assert bound_of(space(None)) is None


def test_finalists_have_their_prediction_where_latency_is_bounded() -> None:
    """Others have none, as nothing was asked."""
    bounded = space(50.0)
    one = build_finalist("a", 100)
    one = one.model_copy(update={"architecture": bounded.anchors[0]})

    assert with_latency(one, space(None)).latency_ms is None
    assert (with_latency(one, bounded).latency_ms or 0) > 0
