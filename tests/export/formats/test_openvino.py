"""The OpenVINO files take any number of images, in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kedro_nas.export.formats.openvino import OpenvinoExporter
from kedro_nas.export.parity import predict_in_batches

pytestmark = pytest.mark.slow


def test_openvino_files_have_an_open_batch(
    classifier: Any, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    """One image and ten go through the same file, as uint8."""
    openvino = pytest.importorskip("openvino")
    folder = OpenvinoExporter().export(classifier, tmp_path)
    model = openvino.compile_model(
        folder / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    expected = predict_in_batches(classifier, pixels)

    assert {path.name for path in folder.iterdir()} == {"model.bin", "model.xml"}
    assert model.input(0).get_element_type() == openvino.Type.u8
    for n in (1, 10):
        np.testing.assert_allclose(model(pixels[:n])[0], expected[:n], atol=1e-6)
