"""`kedro_nas.latency.bound_check`: one network against a bound."""

from __future__ import annotations

import pytest
from tests.finalists import NETWORK
from tests.latency_checks import BOUND, measured

from kedro_nas.latency import bound_check as module
from kedro_nas.latency.bound_check import check_network, why_not_measured
from kedro_nas.records.latency import LatencyCheck


def check(predicted_ms: float | None) -> LatencyCheck:
    """Check one network, called `one`."""
    return check_network(NETWORK, BOUND, key="k", name="one", predicted_ms=predicted_ms)


@pytest.mark.parametrize(
    ("predicted_ms", "fits"), [(8.0, True), (9.0, False), (None, False)]
)
def test_on_another_machine_the_prediction_decides(
    predicted_ms: float | None, *, fits: bool
) -> None:
    """With its margin of 20 %; what cannot be predicted does not keep a bound."""
    found = check(predicted_ms)

    assert (found.of("k").fits, found.of("k").measured) == (fits, None)
    assert "board is another machine" in found.reason


def test_on_this_machine_the_measurement_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With as many threads as the bound is for, whatever was predicted."""
    asked: list[int] = []

    def measure(_: object, *, threads: int) -> object:
        asked.append(threads)
        return measured(12.0)

    monkeypatch.setattr(module, "is_this_machine", lambda _: True)
    monkeypatch.setattr(module, "find_spec", lambda _: object())
    monkeypatch.setattr(module, "measure_network", measure)
    found = check(1.0)

    assert asked == [BOUND.machine.threads]
    assert found.too_slow == {"k"}
    assert found.reason == ""


def test_without_a_runtime_the_reason_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is this machine, but nothing on it can run the file."""
    monkeypatch.setattr(module, "is_this_machine", lambda _: True)
    monkeypatch.setattr(module, "find_spec", lambda _: None)

    assert "extra litert" in why_not_measured(BOUND)


def test_sentence_of_a_network_that_exceeds_the_bound_says_so() -> None:
    """Who exports it by hand is told, not stopped."""
    slow, fast = check(9.0).sentence("k", "k"), check(8.0).sentence("k", "k")

    assert "above the bound of 10 ms on board" in slow
    assert "passed over" not in slow
    assert "within the bound of 10 ms on board" in fast
