"""`kedro_nas.framework.tracking.values`: flat names, short texts, finite numbers."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.framework.tracking.values import (
    MAX_CHARACTERS,
    Point,
    flat_numbers,
    flat_parameters,
    incumbent,
    trial_runs,
)
from kedro_nas.parameters.reporting import ReportingOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.records.search import Incumbent

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ROW = {
    "trial_id": "i0-b2-r1-n003",
    "key": "abc",
    "name": "stem 16/2",
    "parent_id": "i0-b2-r0-n003",
    "status": "completed",
    "reason": "",
    "epoch_start": 3,
    "epochs": 5,
    "score": 0.5,
    "params": 1234,
    "macs": 99,
    "val_accuracy_by_epoch": np.array([0.4, 0.5]),
    "val_loss_by_epoch": np.array([2.0, np.nan]),
    "started_s": 1.0,
    "ended_s": 4.5,
}


def test_flat_parameters_of_options_names_each_by_its_path() -> None:
    """A table of runs has a column per option, nested ones included."""
    flat = flat_parameters("nas.search", SearchOptions(budget_s=600))
    nested = flat_parameters("nas.reporting", ReportingOptions())

    assert flat["nas.search.budget_s"] == "600.0"
    assert flat["nas.search.max_trials"] == "null"
    assert nested["nas.reporting.costs.currency"] == "USD"
    assert len(flat) == len(SearchOptions.model_fields)


@given(JSON)
def test_flat_parameters_are_short_and_well_named(value: object) -> None:
    """Whatever stands in YAML, MLflow takes it."""
    for name, text in flat_parameters("nas.search", value).items():
        assert len(text) <= MAX_CHARACTERS
        assert re.fullmatch(r"[\w. -]+", name)


@given(JSON)
def test_flat_numbers_are_finite(value: object) -> None:
    """NaN, infinities, words and lists are nobody's metric."""
    assert all(math.isfinite(point.value) for point in flat_numbers("m", value))


def test_flat_numbers_leaves_tables_out() -> None:
    """A confusion matrix is a figure, not a metric."""
    value = {"accuracy": 0.9, "per_class": [{"f1": 1.0}], "objective": "accuracy"}

    assert [point.name for point in flat_numbers("m", value)] == ["m.accuracy"]


def test_trial_runs_continue_the_epochs_of_the_rung_below() -> None:
    """A promoted candidate's curve goes on where it stopped."""
    (run,) = trial_runs(pd.DataFrame([ROW]))
    curve = [(p.name, p.value, p.step) for p in run.points if p.step]

    assert curve == [
        ("val_accuracy", 0.4, 4),
        ("val_accuracy", 0.5, 5),
        ("val_loss", 2.0, 4),
    ]
    assert {"params": 1234.0, "macs": 99.0}.items() <= {
        point.name: point.value for point in run.points if not point.step
    }.items()
    assert run.tags == {"status": "completed", "parent_id": "i0-b2-r0-n003"}


def test_trial_runs_of_a_failed_trial_keep_the_reason() -> None:
    """A failure is a run of its own, without numbers it does not have."""
    failed = {
        **ROW,
        "status": "failed",
        "reason": "loss is not a number",
        "score": math.nan,
        "val_accuracy_by_epoch": None,
        "val_loss_by_epoch": None,
        "parent_id": None,
        "ended_s": math.nan,
    }
    (run,) = trial_runs(pd.DataFrame([failed]))

    assert run.failed
    assert run.tags["reason"] == "loss is not a number"
    assert "score" not in {point.name for point in run.points}
    assert "parent_id" not in run.tags


def test_trial_runs_of_columns_that_pandas_may_leave_empty() -> None:
    """A table of one trial has no parent at all; Parquet gives `NA` for it."""
    table = pd.DataFrame([{**ROW, "parent_id": None, "score": None}])
    table["parent_id"] = table["parent_id"].astype("string")
    table["score"] = table["score"].astype("Float64")
    table["val_loss_by_epoch"] = pd.NA
    (run,) = trial_runs(table)

    assert run.tags == {"status": "completed"}
    assert {point.name for point in run.points} == {
        *("val_accuracy", "params", "macs", "epochs"),
    }


def test_incumbent_is_a_curve_over_epochs_trained() -> None:
    """The best score so far, as the report draws it."""
    improvements = [
        Incumbent(seconds=1.0, epochs=2, score=0.4, key="a"),
        Incumbent(seconds=2.0, epochs=9, score=0.6, key="b"),
    ]

    points = incumbent("nas.incumbent", improvements)

    assert points == [
        Point("nas.incumbent", 0.4, 2),
        Point("nas.incumbent", 0.6, 9),
    ]
