"""The rows of the table of trials."""

from __future__ import annotations

from typing import Any

from kedro_nas.records.trials import TRIAL_DTYPES, TrialRow
from kedro_nas.space.architecture import Architecture

VALUES: dict[str, Any] = {
    "string": "a",
    "int64": 1,
    "Int64": None,
    "float64": 0.5,
    "object": [0.5],
}


def test_columns_that_may_be_missing_have_types_that_hold_missing_values() -> None:
    """A whole number that may be missing is nullable; one that may not is plain."""
    assert len(TRIAL_DTYPES) == 45
    assert (TRIAL_DTYPES["rung"], TRIAL_DTYPES["best_epoch"]) == ("int64", "Int64")
    assert TRIAL_DTYPES["parent_id"] == "string"
    assert TRIAL_DTYPES["val_loss_by_epoch"] == "object"


def test_row_gives_its_network(small_architecture: Architecture) -> None:
    """The JSON of a row is the architecture it describes."""
    values = {name: VALUES[kind] for name, kind in TRIAL_DTYPES.items()}
    row = TrialRow(**{**values, "architecture": small_architecture.model_dump_json()})

    assert row.network == small_architecture
