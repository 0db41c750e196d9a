"""A job's results, as the report reads them."""

from __future__ import annotations

from dataclasses import fields

from kedro_nas.records.base import Record
from kedro_nas.records.job import JobResults


def test_job_results_are_named_as_their_datasets(results: JobResults) -> None:
    """Each record says which dataset it is, and the job calls it the same."""
    values = {one.name: getattr(results, one.name) for one in fields(results)}
    records = {
        name: value for name, value in values.items() if isinstance(value, Record)
    }

    assert {record.dataset: name for name, record in records.items()} == {
        name: name
        for name in (
            "dataset_profile",
            "finalists",
            "best_architecture",
            "test_metrics",
        )
    }
