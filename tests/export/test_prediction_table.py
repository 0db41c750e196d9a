"""`kedro_nas.export.prediction_table`: rows written a part at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from kedro_nas.export.prediction_table import PredictionTable, write_copy


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write three rows in two parts."""
    path = tmp_path / "table.parquet"
    with PredictionTable(path, ["cat", "dog"], ["a", "b", "c"]) as made:
        made.add(np.array([[0.25, 0.75]], np.float32), ["", "empty file"])
        made.add(np.array([[0.5, 0.5]], np.float32), [""])
        assert made.n_by_class == [1, 1]
        assert made.n_by_fault == {"empty file": 1}
    return path


def test_table_of_parts_is_whole(table: Path) -> None:
    """Rows are numbered on; a tie is the first class, as in the test."""
    found = pq.read_table(table).to_pydict()

    assert list(found) == [
        *("row", "file", "class", "probability"),
        *("probability_cat", "probability_dog", "fault"),
    ]
    assert found["row"] == [0, 1, 2]
    assert found["file"] == ["a", "b", "c"]
    assert found["class"] == ["dog", None, "cat"]
    assert found["probability_dog"] == [0.75, None, 0.5]


@pytest.mark.parametrize("name", ["copy.parquet", "deep/copy.csv"])
def test_write_copy_holds_the_same_rows(table: Path, tmp_path: Path, name: str) -> None:
    """A spreadsheet reads the CSV; empty cells stand for what is not known."""
    output = tmp_path / name
    write_copy(table, output)
    found = pd.read_csv(output) if name.endswith("csv") else pd.read_parquet(output)

    pd.testing.assert_frame_equal(
        found, pd.read_parquet(table), check_dtype=False, check_exact=False
    )
