"""`kedro_nas.pipelines.prediction.nodes`: images and exports in, a table out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.export.plain_format import write_exports

from kedro_nas.datasets import PredictionsDataset
from kedro_nas.errors import ParameterError
from kedro_nas.pipelines.prediction.nodes import predict_images

PIXELS = np.zeros((3, 8, 8), np.uint8)


def test_predict_images_node_gives_what_its_dataset_saves(tmp_path: Path) -> None:
    """The file that the node has written is moved, not read."""
    made = predict_images(PIXELS, write_exports(tmp_path / "exports"), {})
    dataset = PredictionsDataset(filepath=str(tmp_path / "predictions.parquet"))
    dataset.save(made)
    table: pd.DataFrame = dataset.load()

    assert table["class"].tolist() == ["dark"] * 3
    assert not made.exists()


def test_predict_images_node_names_a_misspelt_option(tmp_path: Path) -> None:
    """Kedro skips validation in some runs; the node does not."""
    with pytest.raises(ParameterError, match="did you mean 'format'"):
        predict_images(PIXELS, tmp_path, {"formt": "onnx"})
