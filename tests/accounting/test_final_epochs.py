"""How many epochs a final training will have."""

from __future__ import annotations

from typing import Any

import pytest
from tests.finalists import build_finalist

from kedro_nas.accounting.final_epochs import estimate_final_epochs
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.records.budget import BudgetPlan

MEASURED = build_finalist("a", seconds_per_epoch=2.0)
BASELINE = build_finalist("b", params=50, is_baseline=True)


@pytest.mark.parametrize(
    ("options", "final_s", "epochs"),
    [
        ({}, 300.0, 204.0),
        ({"budget_s": 100.0}, 300.0, 68.0),
        ({"budget_s": 100.0}, None, 68.0),
        ({"budget_s": 900.0}, 300.0, 204.0),
        ({"seeds": 3}, 300.0, 68.0),
        ({"epochs": 7}, 300.0, 7),
        ({"epochs": 7}, None, 7),
        ({}, None, None),
    ],
)
def test_final_epochs_are_what_the_seconds_afford(
    options: dict[str, Any], final_s: float | None, epochs: float | None
) -> None:
    """Both workers and a quarter more rows count, less 15 % for working as a team."""
    found = estimate_final_epochs(
        MEASURED,
        [MEASURED, BASELINE],
        BudgetPlan(final_s=final_s),
        ExportOptions(**options),
        size_ratio=1.25,
        workers=2,
    )

    assert found == pytest.approx(epochs)


def test_final_epochs_of_what_was_not_measured_follow_its_multiply_adds() -> None:
    """Half as many take half the time; where nothing was measured none is known."""
    plan = BudgetPlan(final_s=300.0)

    def estimate(*contestants: Any) -> float | None:
        return estimate_final_epochs(
            BASELINE, contestants, plan, ExportOptions(), size_ratio=1.0, workers=1
        )

    assert estimate(MEASURED, BASELINE) == pytest.approx(0.85 * 300)
    assert estimate(BASELINE) is None
