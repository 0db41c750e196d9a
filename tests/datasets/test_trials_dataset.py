"""`kedro_nas.datasets.trials_dataset`."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from kedro_nas.datasets import TrialsDataset


@pytest.fixture
def dataset(tmp_path: Path) -> TrialsDataset:
    """Save thirty trials with a curve, an architecture and a gap."""
    saved = TrialsDataset(filepath=str(tmp_path / "trials.parquet"))
    saved.save(
        pd.DataFrame(
            {
                "trial_id": [f"trial {number}" for number in range(30)],
                "score": [None, *[0.5] * 29],
                "curve": [[0.1, 0.2]] * 30,
                "architecture": ["{}"] * 30,
            }
        )
    )
    return saved


def test_trials_dataset_load_gives_all_columns(dataset: TrialsDataset) -> None:
    """The preview leaves columns out; the data does not."""
    loaded = dataset.load()

    assert list(loaded.columns) == ["trial_id", "score", "curve", "architecture"]
    assert list(loaded["curve"][0]) == [0.1, 0.2]


def test_trials_dataset_preview_shows_plain_cells_of_the_first_rows(
    dataset: TrialsDataset,
) -> None:
    """Curves cannot be shown in a table, and an architecture's JSON is too long."""
    shown = dataset.preview()

    assert shown["columns"] == ["trial_id", "score"]
    assert len(shown["data"]) == 20
    assert len(dataset.preview(nrows=3)["data"]) == 3


def test_trials_dataset_preview_is_json_with_null_for_gaps(
    dataset: TrialsDataset,
) -> None:
    """A trial that failed has no score, which JSON writes as null."""
    shown = json.loads(json.dumps(dataset.preview(), allow_nan=False))

    assert shown["data"][0] == ["trial 0", None]
