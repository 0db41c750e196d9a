"""`kedro_nas.records.latency`: contestants against a bound."""

from __future__ import annotations

from tests.latency_checks import BOUND, latency_check

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
