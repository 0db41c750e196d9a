"""Latency is measured on calls after the first ones."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.export.image_latency import measure_latency

pytestmark = pytest.mark.slow


def test_measure_latency_gives_ordered_positive_seconds(classifier: Any) -> None:
    """The median is positive, at most the 90th percentile, and far below a second."""
    found = measure_latency(classifier, runs=20)

    assert set(found) == {"latency_s_p50", "latency_s_p90"}
    assert 0 < found["latency_s_p50"] <= found["latency_s_p90"] < 5
