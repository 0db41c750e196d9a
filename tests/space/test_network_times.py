"""`kedro_nas.space.network_times`: whole networks from sums over their operators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kedro_nas.space.network_times import NetworkFactors, NetworkLoad, fit_factors


def drawn_loads(n: int = 60, seed: int = 0) -> list[NetworkLoad]:
    """Draw networks of which time, operators and weights vary independently."""
    rng = np.random.default_rng(seed)
    return [
        NetworkLoad(
            us=float(np.exp(rng.uniform(3, 8))),
            n_operators=int(rng.integers(10, 150)),
            megabytes=float(np.exp(rng.uniform(-3, 2))),
        )
        for _ in range(n)
    ]


def times(
    factors: NetworkFactors, loads: Sequence[NetworkLoad], noise: float = 0.0
) -> list[float]:
    """Return what networks take on a device with these factors."""
    rng = np.random.default_rng(1)
    return [
        factors.predict_us(one) * float(np.exp(noise * rng.standard_normal()))
        for one in loads
    ]


def errors(
    fitted: NetworkFactors, true: NetworkFactors, loads: Sequence[NetworkLoad]
) -> list[float]:
    """Return the relative errors of predictions."""
    return [fitted.predict_us(one) / true.predict_us(one) - 1 for one in loads]


@pytest.mark.parametrize(
    "true",
    [
        NetworkFactors(0.0, 1.1),
        NetworkFactors(5.0, 0.9),
        NetworkFactors(2.0, 1.05, -0.1, 40.0),
        NetworkFactors(0.0, 1.0, 0.2, 0.0),
    ],
)
def test_factors_of_a_device_are_found(true: NetworkFactors) -> None:
    """Networks that were not timed are predicted, whatever the device is like."""
    loads = drawn_loads()
    fitted = fit_factors(loads, times(true, loads, noise=0.05))
    off = np.abs(errors(fitted, true, drawn_loads(seed=2)))

    assert np.median(off) < 0.03
    assert np.quantile(off, 0.9) < 0.12


@pytest.mark.parametrize("speed", [0.1, 30.0])
def test_factors_do_not_depend_on_the_speed_of_the_device(speed: float) -> None:
    """A board that is thirty times as slow has thirty times the factors."""
    loads = drawn_loads()
    measured = times(NetworkFactors(2.0, 1.05, -0.1, 40.0), loads, noise=0.05)
    slower = [one._replace(us=speed * one.us) for one in loads]
    fitted = fit_factors(loads, measured)
    scaled = fit_factors(slower, [speed * us for us in measured])

    assert scaled.scale == pytest.approx(fitted.scale, rel=1e-6)
    assert scaled.us_per_megabyte == pytest.approx(
        speed * fitted.us_per_megabyte, rel=1e-6
    )


def test_one_disturbed_timing_does_not_spoil_the_others() -> None:
    """Another program's burst during one network counts little."""
    loads, true = drawn_loads(), NetworkFactors(5.0, 1.2)
    measured = times(true, loads)
    measured[7] *= 6
    fitted = fit_factors(loads, measured)

    assert np.max(np.abs(errors(fitted, true, loads))) < 0.1
    assert fitted.scale == pytest.approx(1.2, rel=0.03)


def test_overhead_and_weights_never_make_a_network_faster() -> None:
    """What cannot be negative is 0, and the others are fitted without it."""
    loads = drawn_loads()
    measured = [one.us * (1 - 0.02 * one.megabytes) for one in loads]
    fitted = fit_factors(loads, measured)

    assert fitted.us_per_megabyte == 0
    assert fitted.overhead_us >= 0
    assert fitted.scale > 0.8


def test_prediction_is_never_below_half_of_the_scaled_sum() -> None:
    """Hundreds of tiny operators do not take less than no time."""
    factors = NetworkFactors(0.0, 1.0, us_per_operator=-1.0)

    assert factors.predict_us(NetworkLoad(100.0, 10, 0.0)) == 90
    assert factors.predict_us(NetworkLoad(100.0, 400, 0.0)) == 50


def test_few_networks_do_not_give_extreme_factors() -> None:
    """Six networks, as few as are accepted, tell the scale and little else."""
    loads = drawn_loads(6)
    fitted = fit_factors(loads, times(NetworkFactors(0.0, 1.1), loads, noise=0.05))

    assert fitted.scale == pytest.approx(1.1, rel=0.15)
