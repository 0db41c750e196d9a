"""The final training, and the one reading of the test split."""

from __future__ import annotations

import pytest
from tests.records.round_trip import assert_refused, assert_round_trip, written

from kedro_nas.records.export import FinalFit
from kedro_nas.records.job import JobResults

FIT = FinalFit(
    key="0123456789ab",
    epochs=2,
    train_loss=(2.0, 1.5),
    seeds=(7, 8),
    members=2,
    has_baseline=True,
    baseline_epochs=4,
    seconds=30.5,
)


def test_records_of_the_export_read_from_their_own_files_are_equal(
    results: JobResults,
) -> None:
    """Losses, scores, mistakes and McNemar's test come back as they were."""
    assert_round_trip(FIT)
    assert_round_trip(results.test_metrics)


def test_test_metrics_file_names_classes_as_the_page_on_files_does(
    results: JobResults,
) -> None:
    """`class` is a keyword of Python, and a name in the file."""
    rows = written(results.test_metrics)["per_class"]

    assert [row["class"] for row in rows] == list(results.test_metrics.class_names)


def test_records_of_the_export_of_another_version_name_the_stage_to_run(
    results: JobResults,
) -> None:
    """Who has an old file is told what to do."""
    assert_refused(FIT, "export", nothere=1)
    assert_refused(results.test_metrics, "export", nothere=1)


@pytest.mark.parametrize(
    ("objective", "score", "expected"),
    [
        ("accuracy", None, "accuracy"),
        ("balanced_accuracy", None, "balanced_accuracy"),
        ("macro_f1", 0.25, 0.25),
        ("accuracy", 0.5, 0.5),  # with floors of recall
    ],
)
def test_scored_is_the_objective_as_it_was_maximised(
    results: JobResults, objective: str, score: float | None, expected: str | float
) -> None:
    """What the report compares with the search is the same score, not accuracy."""
    changes = {"objective": objective, "objective_score": score}
    metrics = results.test_metrics.model_copy(update=changes)
    wanted = getattr(metrics, expected) if isinstance(expected, str) else expected

    assert metrics.scored == wanted


def test_test_metrics_of_before_floors_and_averaging_are_read(
    results: JobResults,
) -> None:
    """A file of an earlier version lacks what came later, and is still read."""
    values = written(results.test_metrics)
    for name in ("averaging", "latency", "objective_score", "baseline_reason"):
        values.pop(name)
    for row in values["per_class"]:
        row.pop("recall_floor")
    found = type(results.test_metrics).read(values)

    assert found.averaging is None
    assert found.latency is None
    assert {row.recall_floor for row in found.per_class} == {None}


def test_final_fit_without_a_baseline_says_why() -> None:
    """No model and no reason is one worker, one pass, and nothing spent."""
    found = FinalFit(
        key="k", epochs=1, train_loss=(), seeds=(), has_baseline=False,
        baseline_reason="nas.job.baseline is none",
    )  # fmt: skip

    assert (found.members, found.copies, found.baseline_epochs) == (1, 1, 0)
    assert_round_trip(found)
