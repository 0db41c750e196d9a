"""A small classifier and pixels to export, and a pool for final trainings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.export.writing_pool import WritingPool

from kedro_nas.export import final_fit, long_fit
from kedro_nas.training import run


@pytest.fixture(scope="session")
def classifier() -> Any:
    """Build a classifier of raw 8 x 8 pixels that behaves otherwise while training."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    random = np.random.default_rng(0)
    model.set_weights(
        [
            values + random.uniform(0, 0.2, values.shape)
            for values in model.get_weights()
        ]
    )
    return model


@pytest.fixture(scope="session")
def pixels() -> NDArray[np.uint8]:
    """Draw ten images."""
    shape = (10, 8, 8, 1)
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> WritingPool:
    """Fit on a pool that trains nothing; a model is loaded as the text it is."""
    made = WritingPool()

    @contextmanager
    def lease(*_: Any) -> Iterator[WritingPool]:
        made.forget()
        yield made

    monkeypatch.setattr(run, "lease_pool", lease)
    monkeypatch.setattr(long_fit, "lease_pool", lease)
    monkeypatch.setattr(
        final_fit, "_load", lambda task, _: Path(task.model_file).read_text()
    )
    return made
