"""A real small data set, prepared once: 400 of scikit-learn's 8x8 digits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from kedro_nas.data.prepare import prepare_images
from kedro_nas.data.store import ImageStore
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.space.architecture import Architecture, Head, Recipe, Stage, Stem
from kedro_nas.training.tasks import Task


@pytest.fixture(scope="session")
def digits(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ImageStore, dict[str, Any]]:
    """Prepare 400 digits; gives the store and the profile."""
    images, labels = load_digits(return_X_y=True)
    pixels = (images[:400].reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)
    return prepare_images(
        (pixels, labels[:400]),
        DataPreparationOptions(),
        seed=0,
        workspace=tmp_path_factory.mktemp("digits"),
    )


@pytest.fixture(scope="session")
def small_architecture() -> Architecture:
    """Give a network that trains in a second, with dropout and batch norm."""
    return Architecture(
        input_shape=(8, 8, 1),
        n_classes=10,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=(Stage(block="conv", depth=1, width=16, kernel_size=3, stride=2),),
        head=Head(dropout=0.2),
        recipe=Recipe(learning_rate=5e-3, augmentation="light"),
    )


@pytest.fixture
def make_task(
    digits: tuple[ImageStore, dict[str, Any]],
    small_architecture: Architecture,
    tmp_path: Path,
) -> Callable[..., Task]:
    """Make a task on the digits; arguments replace its fields."""

    def make(**changes: Any) -> Task:
        fields: dict[str, Any] = {
            "task_id": "task",
            "architecture": small_architecture,
            "store": str(digits[0].path),
            "rows": "search",
            "epochs": 4,
            "schedule_epochs": 4,
            "seed": 3,
            "checkpoint": str(tmp_path / "task.npz"),
        }
        return Task(**{**fields, **changes})

    return make
