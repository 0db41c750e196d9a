"""`kedro_nas.datasets.architecture_dataset`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kedro.io.core import DatasetError

from kedro_nas.datasets import ArchitectureDataset
from kedro_nas.space.architecture import Architecture, Stage, Stem

ARCHITECTURE = Architecture(
    input_shape=(8, 8, 3),
    n_classes=2,
    stem=Stem(width=8, kernel_size=3, stride=1),
    stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=2),),
)


def test_architecture_dataset_nan_becomes_null(tmp_path: Path) -> None:
    """The file is strict JSON, whatever a statistic came to."""
    path = tmp_path / "best.json"
    dataset = ArchitectureDataset(filepath=str(path))
    dataset.save({"architecture": ARCHITECTURE.to_dict(), "cv_se": float("nan")})

    assert json.loads(path.read_text())["cv_se"] is None
    assert "NaN" not in path.read_text()


def test_architecture_dataset_preview_names_the_network(tmp_path: Path) -> None:
    """kedro-viz shows the network in a line first."""
    dataset = ArchitectureDataset(filepath=str(tmp_path / "best.json"))
    dataset.save({"name": "small", "architecture": ARCHITECTURE.to_dict()})
    shown = json.loads(dataset.preview())

    assert next(iter(shown.items())) == ("network", "stem 8 · conv3 8/2")


@pytest.mark.parametrize(
    "value", [{}, {"architecture": {"stem": 1}}, {"architecture": None}, [], 3]
)
def test_architecture_dataset_of_something_else_is_refused(
    value: Any, tmp_path: Path
) -> None:
    """What is not an architecture is neither written nor read."""
    path = tmp_path / "best.json"
    dataset = ArchitectureDataset(filepath=str(path))
    with pytest.raises(DatasetError, match="no valid architecture"):
        dataset.save(value)
    assert not path.exists()

    path.write_text(json.dumps(value))
    with pytest.raises(DatasetError, match="Run the stage 'ranking' again"):
        dataset.load()
