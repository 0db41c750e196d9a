"""`kedro_nas.datasets.keras_model_dataset`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kedro.io.core import DatasetError

from kedro_nas.datasets import KerasModelDataset


@pytest.fixture(scope="module")
def model() -> Any:
    """Build a compiled classifier, whose optimizer has weights of its own."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, name="first"),
            keras.layers.BatchNormalization(name="normal"),
            keras.layers.GlobalAveragePooling2D(name="pool"),
            keras.layers.Dense(2, activation="softmax", name="classes"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    pixels = np.zeros((4, 8, 8, 1), np.float32)
    model.fit(pixels, np.zeros(4, np.int32), verbose=0)
    return model


@pytest.mark.slow
def test_keras_model_dataset_round_trips(model: Any, tmp_path: Path) -> None:
    """What is loaded computes what was saved, to the last bit."""
    dataset = KerasModelDataset(filepath=str(tmp_path / "model.keras"))
    dataset.save(model)
    pixels = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
    loaded = dataset.load()

    np.testing.assert_array_equal(
        loaded.predict(pixels, verbose=0), model.predict(pixels, verbose=0)
    )


@pytest.mark.slow
def test_keras_model_dataset_preview_counts_parameters_without_optimizer(
    model: Any, tmp_path: Path
) -> None:
    """The preview's parameters are Keras' own count."""
    dataset = KerasModelDataset(filepath=str(tmp_path / "model.keras"))
    dataset.save(model)
    shown = json.loads(dataset.preview())

    assert shown["parameters"] == model.count_params()
    assert "Conv2D first" in shown["layers"]
    assert "Dense classes" in shown["layers"]


@pytest.mark.slow
def test_keras_model_dataset_preview_needs_no_keras(model: Any, tmp_path: Path) -> None:
    """kedro-viz can show a model in a process that never imports Keras."""
    path = tmp_path / "model.keras"
    KerasModelDataset(filepath=str(path)).save(model)
    program = (
        "import sys; from kedro_nas.datasets import KerasModelDataset;"
        f"print(KerasModelDataset(filepath={str(path)!r}).preview());"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert '"parameters"' in done.stdout


@pytest.mark.slow
def test_keras_model_dataset_refuses_code_in_the_file(tmp_path: Path) -> None:
    """A file with a Lambda layer does not run its code when loaded."""
    import keras

    layer = keras.layers.Lambda(lambda pixels: pixels + 1)
    dataset = KerasModelDataset(filepath=str(tmp_path / "model.keras"))
    dataset.save(keras.Sequential([keras.Input((2,)), layer]))

    with pytest.raises(DatasetError, match="Lambda"):
        dataset.load()


def test_keras_model_dataset_of_another_suffix_is_refused() -> None:
    """Only Keras 3's own format is written, and it says so."""
    with pytest.raises(DatasetError, match=r"end in '\.keras'"):
        KerasModelDataset(filepath="model.h5")


def test_keras_model_dataset_describes_itself(tmp_path: Path) -> None:
    """`kedro catalog describe-datasets` and messages name the file."""
    dataset = KerasModelDataset(filepath=str(tmp_path / "model.keras"))

    assert "model.keras" in str(dataset)
    assert "safe_mode" in str(dataset)
