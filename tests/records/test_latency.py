"""`kedro_nas.records.latency`: contestants against a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.latency_checks import BOUND, latency_check, measured

from kedro_nas.records.latency import LatencyCheck, NetworkLatency


def test_sentence_tells_who_was_passed_over() -> None:
    """The report says why the network with the best mean was not taken."""
    check = latency_check(a=12.0, b=8.0)
    text = check.sentence("b", "a")

    assert check.too_slow == {"a"}
    assert text.startswith("One image takes 8 ms (measured, 90th percentile), within")
    assert "network a has the best mean but was passed over: it takes 12 ms" in text
    assert "passed over" not in check.sentence("b", "b")


def test_copies_are_allowed_while_they_keep_the_bound() -> None:
    """Averaging over three shifts takes three times as long."""
    check = latency_check(a=3.0, b=8.0)

    assert check.allows("a", 3)
    assert not check.allows("a", 6)
    assert not check.allows("b", 3)


def test_what_was_not_measured_is_judged_by_its_prediction_and_the_margin() -> None:
    """A prediction of 5 ms counts as 6 ms with a margin of 20 %."""
    one = NetworkLatency(
        key="a", name="net", predicted_ms=5.0, measured=None, fits=True
    )
    unknown = one.model_copy(update={"key": "b", "predicted_ms": None})
    check = LatencyCheck(bound=BOUND, networks=(one, unknown), reason="far away")

    assert check.allows("a", 1)
    assert not check.allows("a", 2)
    assert not check.allows("b", 1)
    assert (
        "5 ms (predicted median; 6 ms with the margin of 20 %), within"
        in check.sentence("a", "a")
    )
    assert "It was not measured: far away." in check.sentence("a", "a")
    assert check.describe(unknown) == "a time that cannot be predicted"


@given(ms=st.floats(0.01, 100), copies=st.integers(1, 9))
def test_bound_is_kept_by_what_was_measured_whatever_was_predicted(
    ms: float, copies: int
) -> None:
    """A prediction is used only where nothing was measured."""
    kept = copies * ms <= BOUND.max_ms

    assert BOUND.allows(0.001, measured(ms), copies) is kept
    assert BOUND.allows(1e9, measured(ms), copies) is kept
    assert BOUND.allows(None, measured(ms), copies) is kept


@given(ms=st.floats(0.01, 100), copies=st.integers(1, 9))
def test_bound_refuses_a_prediction_that_the_margin_takes_over_it(
    ms: float, copies: int
) -> None:
    """The margin only ever refuses more, and more passes are never allowed again."""
    allowed = BOUND.allows(ms, None, copies)
    without_margin = BOUND.model_copy(update={"margin": 0.0})

    assert not allowed or without_margin.allows(ms, None, copies)
    assert not BOUND.allows(ms, None, copies + 1) or allowed


def test_bound_itself_is_allowed() -> None:
    """At most, not less than."""
    exact = BOUND.model_copy(update={"margin": 0.0})

    assert exact.allows(exact.max_ms, None)
    assert exact.allows(None, measured(exact.max_ms))
    assert not exact.allows(None, measured(exact.max_ms + 1e-9))


def test_sentence_of_a_chosen_network_above_the_bound_says_above() -> None:
    """Where no contestant keeps the bound, the report does not claim it."""
    check = latency_check(a=12.0, b=18.0)

    assert "above the bound of 10 ms on board." in check.sentence("a", "a")
    assert check.too_slow == {"a", "b"}


def test_latency_of_a_network_that_was_not_compared_is_an_error() -> None:
    """A key of another run is not taken for one of this."""
    with pytest.raises(StopIteration):
        latency_check(a=1.0).of("b")
