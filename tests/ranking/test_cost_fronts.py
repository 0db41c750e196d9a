"""`kedro_nas.ranking.cost_fronts`: accuracy against cost."""

from __future__ import annotations

import pandas as pd
from tests.finalists import build_finalist
from tests.latency_checks import latency_check

from kedro_nas.ranking.cost_fronts import find_front
from kedro_nas.ranking.pairing import FoldTable


def table(**means: float) -> FoldTable:
    """Return three contestants whose MACs grow from a to c."""
    rows = [
        {
            "key": key, "name": key, "is_baseline": False, "repeat": 0, "fold": fold,
            "status": "completed", "reason": None, "accuracy": mean, "n_train": 80,
            "n_held_out": 20, "seconds": 1.0,
        }
        for key, mean in means.items()
        for fold in range(2)
    ]  # fmt: skip
    contestants = [
        build_finalist(key, 100).model_copy(update={"macs": macs})
        for macs, key in enumerate(means, start=1)
    ]
    return FoldTable.read(pd.DataFrame(rows), contestants, "accuracy")


def test_a_network_that_another_beats_in_both_is_not_on_the_front() -> None:
    """Without a bound of latency the cost is multiply-adds."""
    assert find_front(table(a=0.8, b=0.7, c=0.9), None) == {"a", "c"}


def test_cost_is_the_measured_latency_where_it_is_bounded() -> None:
    """A network with more multiply-adds may be the faster one."""
    latency = latency_check(a=9.0, b=2.0, c=4.0)

    assert find_front(table(a=0.8, b=0.7, c=0.9), latency) == {"b", "c"}
