"""The `.keras` file takes pixels as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kedro_nas.export.formats.keras import KerasExporter

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_keras_file_takes_pixels_of_either_dtype(
    classifier: Any, pixels: NDArray[np.uint8], tmp_path: Path, dtype: str
) -> None:
    """Pixels 0-255 give the probabilities of the model, as uint8 and as float32."""
    import keras

    path = KerasExporter().export(classifier, tmp_path)
    loaded = keras.saving.load_model(path)
    found = loaded.predict(pixels.astype(dtype), verbose=0)

    assert path == tmp_path / "model.keras"
    np.testing.assert_allclose(found, classifier.predict(pixels, verbose=0), atol=1e-6)


def test_keras_snippet_defines_predict(
    classifier: Any,
    pixels: NDArray[np.uint8],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The program of the model card reads the file where it lies."""
    KerasExporter().export(classifier, tmp_path)
    monkeypatch.chdir(tmp_path)
    program: dict[str, Any] = {}
    exec(KerasExporter().snippet(), program)

    assert program["predict"](pixels).shape == (10, 2)
    assert "kedro_nas" not in KerasExporter().snippet()
