"""The integer file takes raw bytes, and real images decide its ranges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kedro_nas.errors import ExportError
from kedro_nas.export.formats.litert_int8 import LitertInt8Exporter


@pytest.mark.slow
def test_int8_file_takes_raw_pixels_even_of_dark_images(
    classifier: Any, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    """The input has scale 1 and zero point 0 though no image reaches 255."""
    runtime = pytest.importorskip("ai_edge_litert.interpreter")
    exporter = LitertInt8Exporter().calibrated(20 + pixels // 4)
    path = exporter.export(classifier, tmp_path)
    model = runtime.Interpreter(str(path))
    (taken,), (given,) = model.get_input_details(), model.get_output_details()

    assert taken["dtype"] is np.uint8
    assert taken["quantization"] == (1.0, 0)
    assert given["dtype"] is np.float32


@pytest.mark.parametrize("images", [None, np.zeros((0, 8, 8, 1), np.uint8)])
def test_int8_export_without_images_says_what_is_missing(
    images: Any, tmp_path: Path
) -> None:
    """Ranges are not invented."""
    with pytest.raises(ExportError, match="real images, from which the range"):
        LitertInt8Exporter(images).export(None, tmp_path)
    assert list(tmp_path.iterdir()) == []
