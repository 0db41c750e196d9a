"""Parts sum to the stages, stages to the whole, whatever was recorded."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.accounting.ledger import open_ledger

seconds = st.floats(0, 1e5, allow_nan=False)


def trials(*rows):
    """Make trials from (status, epochs, train, validate, build)."""
    names = ["status", "epochs", "seconds_train", "seconds_validate", "seconds_build"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(seconds=frame[names[2:]].sum(axis=1))


def fold_scores(*rows):
    return pd.DataFrame(rows, columns=["is_baseline", "seconds"])


def open_one(*, search_s=100.0, workers=1, rows=(), folds=(), ranking_s=30.0):
    return open_ledger(
        dataset_profile={"seconds": 3.0},
        search_space={"seconds": 1.0},
        trials=trials(*rows),
        finalists={
            "search": {"seconds": search_s, "workers": workers, "max_epochs": 9}
        },
        fold_scores=fold_scores(*folds),
        best_architecture={"seconds": ranking_s},
        test_metrics={"seconds": 4.0, "seconds_final_fit": 20.0},
    )


def test_open_ledger_scales_parallel_work_to_the_wall_clock():
    """Two workers that trained 60 s each at the same time are 60 s."""
    rows = [("completed", 9, 60.0, 0.0, 0.0), ("completed", 9, 60.0, 0.0, 0.0)]

    ledger = open_one(search_s=70.0, workers=2, rows=rows)

    assert {
        part.name: part.seconds for part in ledger.parts if part.stage == "Search"
    } == {
        "training to the last rung": 60.0,
        "proposing, saving, waiting": 10.0,
    }


def test_open_ledger_tells_complete_training_from_candidates_stopped_earlier():
    """The share of complete training is of the seconds the trials took."""
    rows = [("completed", 9, 18.0, 0.0, 0.0), ("completed", 1, 82.0, 0.0, 0.0)]

    assert open_one(rows=rows).share_complete_training == pytest.approx(0.18)


def test_open_ledger_keeps_failed_trials_apart():
    """What failed trials took is a part of its own, not training."""
    ledger = open_one(rows=[("failed", 9, 5.0, 1.0, 2.0)])

    names = {part.name: part.seconds for part in ledger.parts}
    assert names["trials that failed"] == 8.0
    assert "training to the last rung" not in names


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["completed", "stopped", "failed"]),
            st.sampled_from([1, 3, 9]), seconds, seconds, seconds,
        ),
        max_size=8,
    ),
    st.lists(st.tuples(st.booleans(), seconds), max_size=8),
    seconds, seconds, st.integers(1, 8),
)  # fmt: skip
def test_open_ledger_of_anything_sums_to_the_measured_seconds(
    rows, folds, search_s, ranking_s, workers
):
    """The parts sum to the seconds of the stages, even where records disagree."""
    ledger = open_one(
        search_s=search_s, workers=workers, rows=rows, folds=folds, ranking_s=ranking_s
    )

    measured = 3.0 + 1.0 + search_s + ranking_s + 4.0 + 20.0
    assert sum(part.seconds for part in ledger.parts) == pytest.approx(measured)
    assert sum(part.share for part in ledger.parts) == pytest.approx(1)
    assert all(part.seconds >= 0 for part in ledger.parts)
    assert sum(ledger.stages().values()) == pytest.approx(ledger.total_s)


def test_open_ledger_names_stages_that_recorded_nothing():
    """A missing time is said to be missing, not taken for zero."""
    ledger = open_ledger(
        dataset_profile={}, search_space={"seconds": None}, trials=trials(),
        finalists={}, fold_scores=fold_scores(), best_architecture={},
        test_metrics={"seconds": 4.0},
    )  # fmt: skip

    assert ledger.total_s == 4.0
    assert ledger.share_complete_training is None
    assert "Search" in ledger.unrecorded
    assert "Test" not in ledger.unrecorded
