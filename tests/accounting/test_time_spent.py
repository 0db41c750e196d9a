"""Parts sum to the stages, stages to the whole, whatever was recorded."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.accounting.time_spent import add_up_time

seconds = st.floats(0, 1e5, allow_nan=False)


def trials(*rows):
    """Make trials from (status, epochs, train, validate, build)."""
    names = ["status", "epochs", "seconds_train", "seconds_validate", "seconds_build"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(seconds=frame[names[2:]].sum(axis=1))


def fold_scores(*rows):
    return pd.DataFrame(rows, columns=["is_baseline", "seconds"])


def add_up_one(
    results, *, search_s=100.0, workers=1, rows=(), folds=(), ranking_s=30.0
):
    search = results.finalists.search.model_copy(
        update={"seconds": search_s, "workers": workers, "max_epochs": 9}
    )
    return add_up_time(
        replace(
            results,
            dataset_profile=_with(results.dataset_profile, seconds=3.0),
            search_space=_with(results.search_space, seconds=1.0),
            trials=trials(*rows),
            finalists=_with(results.finalists, search=search),
            fold_scores=fold_scores(*folds),
            best_architecture=_with(results.best_architecture, seconds=ranking_s),
            test_metrics=_with(
                results.test_metrics,
                seconds=4.0,
                seconds_final_fit=20.0,
                seconds_export=None,
            ),
        )
    )


def _with(record, **changes):
    return record.model_copy(update=changes)


def test_add_up_time_scales_parallel_work_to_the_wall_clock(results):
    """Two workers that trained 60 s each at the same time are 60 s."""
    rows = [("completed", 9, 60.0, 0.0, 0.0), ("completed", 9, 60.0, 0.0, 0.0)]

    spent = add_up_one(results, search_s=70.0, workers=2, rows=rows)

    assert {
        part.name: part.seconds for part in spent.parts if part.stage == "Search"
    } == {
        "training to the last rung": 60.0,
        "proposing, saving, waiting": 10.0,
    }


def test_add_up_time_tells_complete_training_from_candidates_stopped_earlier(results):
    """The share of complete training is of the seconds the trials took."""
    rows = [("completed", 9, 18.0, 0.0, 0.0), ("completed", 1, 82.0, 0.0, 0.0)]

    assert add_up_one(results, rows=rows).share_complete_training == pytest.approx(0.18)


def test_add_up_time_keeps_failed_trials_apart(results):
    """What failed trials took is a part of its own, not training."""
    spent = add_up_one(results, rows=[("failed", 9, 5.0, 1.0, 2.0)])

    names = {part.name: part.seconds for part in spent.parts}
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
def test_add_up_time_of_anything_sums_to_the_measured_seconds(
    results, rows, folds, search_s, ranking_s, workers
):
    """The parts sum to the seconds of the stages, even where records disagree."""
    spent = add_up_one(
        results,
        search_s=search_s,
        workers=workers,
        rows=rows,
        folds=folds,
        ranking_s=ranking_s,
    )

    measured = 3.0 + 1.0 + search_s + ranking_s + 4.0 + 20.0
    assert sum(part.seconds for part in spent.parts) == pytest.approx(measured)
    assert sum(part.share for part in spent.parts) == pytest.approx(1)
    assert all(part.seconds >= 0 for part in spent.parts)
    assert sum(spent.stages().values()) == pytest.approx(spent.total_s)


def test_add_up_time_names_stages_that_recorded_nothing(results):
    """A missing time is said to be missing, not taken for zero."""
    spent = add_up_one(results)

    assert spent.unrecorded == ("Export",)
    assert spent.share_complete_training is None
