"""The SavedModel serves raw pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kedro_nas.export.formats.saved_model import SavedModelExporter
from kedro_nas.export.parity import predict_in_batches

pytestmark = pytest.mark.slow


def test_saved_model_signature_takes_uint8_in_any_number(
    classifier: Any, tmp_path: Path
) -> None:
    """The serving signature names its dtype: raw uint8 pixels, any batch."""
    import tensorflow as tf

    path = SavedModelExporter().export(classifier, tmp_path)
    loaded = tf.saved_model.load(str(path))
    _, keywords = loaded.signatures["serving_default"].structured_input_signature
    (spec,) = keywords.values()

    assert spec.dtype == tf.uint8
    assert spec.shape.as_list() == [None, 8, 8, 1]


def test_saved_model_snippet_predicts_as_the_model_does(
    classifier: Any,
    pixels: NDArray[np.uint8],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dropout and batch statistics are those of inference."""
    SavedModelExporter().export(classifier, tmp_path)
    monkeypatch.chdir(tmp_path)
    program: dict[str, Any] = {}
    exec(SavedModelExporter().snippet(), program)
    expected = predict_in_batches(classifier, pixels)

    np.testing.assert_allclose(program["predict"](pixels), expected, atol=1e-6)
