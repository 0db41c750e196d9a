"""The ONNX file states its opset and takes any number of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kedro_nas.export.formats.onnx import OPSET, OnnxExporter
from kedro_nas.export.parity import predict_in_batches

pytestmark = pytest.mark.slow


def test_onnx_file_has_its_opset_and_an_open_batch(
    classifier: Any, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    """One image and ten go through the same file, under a name that is known."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    path = OnnxExporter().export(classifier, tmp_path)
    opsets = {one.domain: one.version for one in onnx.load(path).opset_import}
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    expected = predict_in_batches(classifier, pixels)

    assert opsets[""] == OPSET
    assert (taken.name, taken.type) == ("pixels", "tensor(float)")
    assert taken.shape[1:] == [8, 8, 1]
    for n in (1, 10):
        found = session.run(None, {"pixels": pixels[:n].astype(np.float32)})[0]
        np.testing.assert_allclose(found, expected[:n], atol=1e-6)
