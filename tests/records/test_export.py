"""The final training, and the one reading of the test split."""

from __future__ import annotations

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
