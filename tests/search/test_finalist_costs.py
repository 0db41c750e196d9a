"""`kedro_nas.search.finalist_costs`: what weighs against a score."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from tests.device import device_profile
from tests.finalists import NETWORK

from kedro_nas.errors import ParameterError
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.search.finalist_costs import check_front, costs_on_front
from kedro_nas.space.architecture import Backbone

LARGER = NETWORK.model_copy(
    update={"stages": (NETWORK.stages[0].model_copy(update={"width": 64}),)}
)
PRETRAINED = NETWORK.model_copy(
    update={
        "stages": (),
        "backbone": Backbone(
            name="mobilenet_v2", kept=3, unfrozen=0, input_size=96, weights="none"
        ),
    }
)
ROWS: dict[str, Any] = {
    "small": SimpleNamespace(network=NETWORK, params=100, macs=2000),
    "large": SimpleNamespace(network=LARGER, params=900, macs=1000),
    "pretrained": SimpleNamespace(network=PRETRAINED, params=10**6, macs=10**7),
}


def space(limit: float | None = 5.0) -> Any:
    """Return what is asked of a search space that bounds a latency, or does not."""
    device = None if limit is None else device_profile()
    return SimpleNamespace(bounds=SimpleNamespace(max_latency_ms=limit), device=device)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        (None, None),
        ("params", {"small": 100.0, "large": 900.0, "pretrained": 1e6}),
        ("macs", {"small": 2000.0, "large": 1000.0, "pretrained": 1e7}),
    ],
)
def test_costs_are_those_of_the_table(
    front: str | None, expected: dict[str, float] | None
) -> None:
    """Without a front no cost is counted; else it is the column of that name."""
    options = SearchOptions.model_validate({"finalists_front": front})

    assert costs_on_front(ROWS, options, space()) == expected


def test_latency_is_predicted_by_the_profile_where_it_can_be() -> None:
    """The layers of a backbone are not known, so its latency is none."""
    options = SearchOptions(finalists_front="latency")
    found = costs_on_front(ROWS, options, space())

    assert found is not None
    assert found["small"] == device_profile().predict_ms(NETWORK)
    assert found["small"] < found["large"]
    assert math.isnan(found["pretrained"])


def test_a_front_of_latency_without_a_bound_is_refused() -> None:
    """Before the search, with what to do; other fronts need no profile."""
    options = SearchOptions(finalists_front="latency")

    with pytest.raises(ParameterError, match="kedro nas profile-device"):
        check_front(options, space(None))
    assert check_front(options, space()) is None
    assert check_front(SearchOptions(finalists_front="macs"), space(None)) is None
