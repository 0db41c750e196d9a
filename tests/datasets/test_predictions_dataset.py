"""`kedro_nas.datasets.predictions_dataset`."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from kedro.io.core import DatasetError

from kedro_nas.datasets import PredictionsDataset


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Write a table as the node does."""
    path = tmp_path / "made.parquet"
    rows = {"row": range(30), "class": ["cat", *[None] * 29]}
    pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.mark.parametrize("protocol", ["", "memory://"])
def test_predictions_dataset_moves_the_file_and_loads_a_table(
    made: Path, tmp_path: Path, protocol: str
) -> None:
    """Here by renaming, elsewhere by uploading; the temporary file is gone."""
    place = f"{protocol}{tmp_path}/deep/predictions.parquet"
    dataset = PredictionsDataset(filepath=place)

    assert not dataset.exists()
    dataset.save(made)
    assert len(dataset.load()) == 30
    assert not made.exists()


def test_predictions_dataset_refuses_a_table_in_memory(tmp_path: Path) -> None:
    """The message names the dataset for that."""
    dataset = PredictionsDataset(filepath=str(tmp_path / "predictions.parquet"))

    with pytest.raises(DatasetError, match=r"pandas\.ParquetDataset"):
        dataset.save(pd.DataFrame({"row": [0]}))


def test_predictions_dataset_preview_is_json_of_the_first_rows(
    made: Path, tmp_path: Path
) -> None:
    """kedro-viz reads no more than it shows."""
    dataset = PredictionsDataset(filepath=str(tmp_path / "predictions.parquet"))
    dataset.save(made)
    shown = json.loads(json.dumps(dataset.preview(nrows=2), allow_nan=False))

    assert shown["columns"] == ["row", "class"]
    assert shown["data"] == [[0, "cat"], [1, None]]
