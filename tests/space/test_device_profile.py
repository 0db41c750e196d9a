"""`kedro_nas.space.device_profile`: latency of networks that are not built."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError
from tests.device import device_profile, network_us, operator_us

from kedro_nas.errors import SearchSpaceError
from kedro_nas.latency.probe_files import draw_networks
from kedro_nas.space.costs import costs
from kedro_nas.space.device_profile import (
    LEAST_NETWORKS,
    DeviceProfile,
    NetworkTime,
    OperatorTime,
    add_up,
    cross_check,
    fit_operators,
)
from kedro_nas.space.network_times import NetworkLoad
from kedro_nas.space.operators import list_operators

PROFILE = device_profile()


def test_networks_that_were_not_timed_are_predicted() -> None:
    """The table suffices for networks of the whole vocabulary."""
    new = draw_networks([(16, 16, 3), (32, 32, 3)], 40, 1, purpose="new")
    ratios = [1e3 * PROFILE.predict_ms(one) / network_us(one) for one in new]

    assert np.median(np.abs(np.array(ratios) - 1)) < 0.05


def test_error_is_that_of_networks_left_out_of_the_fit() -> None:
    """The profile says how far its predictions can be trusted."""
    error = PROFILE.error

    assert error.n_networks == 12
    assert 0 < error.median_percent < 6
    assert error.median_percent <= error.largest_percent
    assert error.spearman > 0.97


def test_a_network_unlike_the_others_is_predicted_without_its_own_time() -> None:
    """The error is not that of a fit which has seen the network."""
    one = PROFILE.networks[0].architecture
    times = [(100.0, 0.2)] * 5 + [(1_000.0, 1.0)]
    networks = [NetworkTime(architecture=one, ms=ms, p90_ms=ms) for _, ms in times]
    error = cross_check([NetworkLoad(us, 0, 0) for us, _ in times], networks)

    assert error.median_percent < 5
    assert error.largest_percent == pytest.approx(100, abs=10)


def test_bound_keeps_a_margin_for_the_error_and_for_slow_calls() -> None:
    """9 of 10 networks that are predicted to fit do so at their 90th percentile."""
    networks = [one.architecture for one in PROFILE.networks]
    kept = [
        PROFILE.bounded_ms(one.architecture) >= 0.97 * one.p90_ms
        for one in PROFILE.networks
    ]

    assert PROFILE.error.margin >= 0.03
    assert sum(kept) >= 0.9 * len(networks)


def test_profile_is_the_same_after_a_round_trip() -> None:
    """State is a file that other programs can read."""
    again = DeviceProfile.model_validate(
        json.loads(json.dumps(PROFILE.model_dump(mode="json")))
    )
    one = PROFILE.networks[0].architecture

    assert again == PROFILE
    assert again.predict_ms(one) == PROFILE.predict_ms(one)


def test_load_of_a_network_is_the_sum_over_its_operators() -> None:
    """Time, number and weights of what the runtime executes."""
    one = PROFILE.networks[0].architecture
    load = add_up(fit_operators(PROFILE.operators), one)
    operators = list_operators(one)

    assert load.n_operators == len(operators)
    assert load.us == pytest.approx(sum(map(operator_us, operators)), rel=0.3)
    # biases and factors of norms are no weights here
    assert load.megabytes == pytest.approx(4e-6 * costs(one).params, rel=0.1)


def test_an_operator_that_was_not_timed_is_named() -> None:
    """Nothing is invented for a kind without an entry."""
    table = [OperatorTime(operator=("conv", 8, 8, 8, 8, 3, 1), us=3.0)] * 2
    one = PROFILE.networks[0].architecture

    with pytest.raises(SearchSpaceError, match="was not timed"):
        add_up(fit_operators(table), one)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("operators", [], "operators"),
        ("networks", [], "networks"),
        ("us", 0.0, "us"),
        ("us", float("inf"), "us"),
        ("ms", -1.0, "ms"),
        ("spearman", 1.5, "spearman"),
        ("margin", -0.1, "margin"),
    ],
)
def test_profile_with_a_value_that_cannot_be_is_refused(
    field: str, value: object, named: str
) -> None:
    """A file that was edited or cut off does not predict nonsense."""
    values = PROFILE.model_dump(mode="json")
    places = {
        "us": values["operators"][0],
        "ms": values["networks"][0],
        "spearman": values["error"],
        "margin": values["error"],
    }
    places.get(field, values)[field] = value

    with pytest.raises(ValidationError, match=named):
        DeviceProfile.model_validate(values)


def test_profile_of_too_few_networks_is_refused() -> None:
    """An error of five networks would be no error at all."""
    values = PROFILE.model_dump(mode="json")
    values["networks"] = values["networks"][: LEAST_NETWORKS - 1]

    with pytest.raises(ValidationError, match=f"at least {LEAST_NETWORKS} items"):
        DeviceProfile.model_validate(values)


def test_profile_names_the_sizes_of_images_it_was_made_for() -> None:
    """A prediction for other sizes can be questioned."""
    assert PROFILE.image_sides == (16, 32)


def test_bound_is_described_with_device_error_and_margin() -> None:
    """Who reads a bound knows what it is worth."""
    text = PROFILE.describe_bound()

    assert "one image on board (Made-up Board 4, 1 thread(s))" in text
    assert f"{PROFILE.error.median_percent:.1f} % (median of 12 networks)" in text
    assert f"margin of {100 * PROFILE.error.margin:.0f} %" in text


def test_bounded_time_is_the_prediction_with_its_margin() -> None:
    """What is compared with a bound is never below what is expected."""
    one = PROFILE.networks[0].architecture
    expected = PROFILE.predict_ms(one) * (1 + PROFILE.error.margin)

    assert PROFILE.bounded_ms(one) == pytest.approx(expected)
    assert PROFILE.bounded_ms(one) >= PROFILE.predict_ms(one)


@pytest.mark.parametrize("slow", [0.5, 1.0, 2.0])
def test_margin_covers_the_slow_calls_of_nine_networks_in_ten(slow: float) -> None:
    """It grows with the 90th percentile, and is never negative."""
    one = PROFILE.networks[0].architecture
    sizes = [100.0 * number for number in range(1, 11)]
    networks = [
        NetworkTime(architecture=one, ms=us / 1e3, p90_ms=slow * us / 1e3)
        for us in sizes
    ]
    error = cross_check([NetworkLoad(us, 0, 0) for us in sizes], networks)

    assert error.margin == pytest.approx(max(0.0, slow - 1), abs=0.02)
    assert error.spearman == pytest.approx(1)
    assert error.n_networks == 10
