"""Conversion of a Keras model to a LiteRT file."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import keras
import pytest

from kedro_nas.export.formats.litert_conversion import litert_program, write_litert


def _model() -> Any:
    pixels = keras.Input((6, 5, 1))
    flat = keras.layers.Flatten()(pixels)
    return keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(flat))


@pytest.mark.slow
def test_write_litert_writes_a_flat_buffer_for_one_image(tmp_path: Path) -> None:
    """Devices take one image at a time, and options reach the converter."""
    seen: list[Any] = []
    path = write_litert(_model(), tmp_path / "model.tflite", seen.append)

    assert path.read_bytes()[4:8] == b"TFL3"
    assert [type(one).__name__ for one in seen] == ["TFLiteSavedModelConverterV2"]


def test_litert_program_is_python_that_names_its_file() -> None:
    """It is printed in the model card, so it has to run as it stands."""
    text = litert_program("some_file.tflite")
    names = {one.name for one in ast.parse(text).body if hasattr(one, "name")}

    assert {"classify", "predict"} <= names
    assert 'Interpreter("some_file.tflite")' in text
    assert "tensorflow" not in text
