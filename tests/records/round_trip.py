"""What is asked of every record that travels between stages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kedro_nas.errors import RecordError
from kedro_nas.records.base import Record


def written(record: Record) -> dict[str, Any]:
    """Write a record as strict JSON, and give the values of the file."""
    values: dict[str, Any] = json.loads(json.dumps(record.to_json(), allow_nan=False))
    return values


def assert_round_trip(record: Record) -> None:
    """Assert that a record read from its own file is equal."""
    values = written(record)

    assert type(record).read(values) == record
    assert type(record).read(record) is record


def assert_refused(record: Record, stage: str, **old: Any) -> None:
    """Assert that a file with other fields names its dataset and the stage to run.

    Args:
        record: Of this version.
        stage: That writes it.
        old: A field of another version.
    """
    with pytest.raises(RecordError, match="cannot be read") as raised:
        type(record).read({**written(record), **old})
    said = str(raised.value)

    assert f"'{record.dataset}'" in said
    assert f"Run the stage {stage} again" in said
    assert all(name in said for name in old)
