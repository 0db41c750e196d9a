"""A file that is not the model is found out, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kedro_nas.errors import ExportError
from kedro_nas.export.formats import EXPORTERS, FormatTraits
from kedro_nas.export.parity import ParitySample, check_parity, predict_in_batches
from kedro_nas.parameters.export import ExportOptions

# Stands in for a format: predicts from a table, without importing TensorFlow.
PROGRAM = """
import numpy


def predict(pixels):
    shares = numpy.load("shares.npy")[: len(pixels)]
    return shares
"""
EXPECTED = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
PIXELS = np.zeros((2, 8, 8, 1), np.uint8)
SAMPLE = ParitySample(PIXELS, np.array([0, 1]), EXPECTED)


class TableExporter:
    """Writes probabilities instead of a model."""

    name = "table"
    file_name = "shares.npy"

    def __init__(self, program: str = PROGRAM) -> None:
        self._program = program

    def export(self, model: Any, folder: Path) -> Path:
        np.save(folder / self.file_name, model)
        return folder / self.file_name

    def snippet(self) -> str:
        return self._program


class RoundingExporter(TableExporter):
    """States that its probabilities are rounded."""

    name = "rounding"
    traits = FormatTraits(max_difference=0.05)


class IntegerExporter(TableExporter):
    """States that it is judged by its accuracy."""

    name = "integers"
    traits = FormatTraits(is_judged_by_accuracy=True)


class LyingExporter:
    """Exports another network than the one it was given."""

    name = "lying"
    file_name = "model.keras"

    def export(self, model: Any, folder: Path) -> Path:
        import keras

        keras.models.clone_model(model).save(folder / self.file_name)
        return folder / self.file_name

    def snippet(self) -> str:
        return EXPORTERS["keras"].snippet()


def test_check_parity_measures_difference_decisions_and_size(tmp_path: Path) -> None:
    """The largest difference counts, on all images, and the bytes on disk."""
    exporter = TableExporter()
    path = exporter.export(EXPECTED + np.float32([[0, 0], [0.001, -0.001]]), tmp_path)

    found = check_parity(
        SAMPLE, [exporter], tmp_path, ExportOptions(parity_tolerance=0.01)
    )["table"]

    assert found.max_difference == pytest.approx(0.001, rel=1e-3)
    assert found.equal_decisions == 1.0
    assert found.n_images == 2
    assert found.bytes == path.stat().st_size
    assert found.tolerance == 0.01
    assert (found.accuracy, found.accuracy_drop_pp) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        (EXPECTED[:, ::-1], "probabilities that differ by up to 0.8"),
        (EXPECTED[:1], "probabilities that differ by up to inf"),
        (EXPECTED * np.nan, "probabilities that differ by up to nan"),
    ],
)
def test_check_parity_of_other_probabilities_raises(
    tmp_path: Path, shares: NDArray[np.float32], message: str
) -> None:
    """Other values, another number of rows and NaN are all differences."""
    exporter = TableExporter()
    exporter.export(shares, tmp_path)

    with pytest.raises(ExportError, match=message):
        check_parity(SAMPLE, [exporter], tmp_path, ExportOptions())


def test_check_parity_of_a_format_that_rounds_allows_its_own_difference(
    tmp_path: Path,
) -> None:
    """A format's own limit counts where it is above that of the options."""
    exporter = RoundingExporter()
    exporter.export(EXPECTED + np.float32([[-0.04, 0.04], [0, 0]]), tmp_path)
    found = check_parity(SAMPLE, [exporter], tmp_path, ExportOptions())["rounding"]
    exporter.export(EXPECTED + np.float32([[-0.06, 0.06], [0, 0]]), tmp_path)

    assert found.tolerance == 0.05
    with pytest.raises(ExportError, match=r"by up to 0\.06"):
        check_parity(SAMPLE, [exporter], tmp_path, ExportOptions())


def test_check_parity_of_integers_reports_the_accuracy_that_is_lost(
    tmp_path: Path,
) -> None:
    """Other probabilities pass as long as accuracy stays within its limit."""
    exporter = IntegerExporter()
    exporter.export(np.float32([[0.6, 0.4], [0.6, 0.4]]), tmp_path)
    allowed = ExportOptions(max_accuracy_drop_pp=50)
    found = check_parity(SAMPLE, [exporter], tmp_path, allowed)["integers"]

    assert found.tolerance is None
    assert found.equal_decisions == found.accuracy == 0.5
    assert found.accuracy_drop_pp == 50
    with pytest.raises(ExportError, match=r"50\.00 percentage points less on 2 images"):
        check_parity(SAMPLE, [exporter], tmp_path, ExportOptions())


def test_check_parity_of_integers_refuses_what_is_no_probability(
    tmp_path: Path,
) -> None:
    """NaN, or another number of rows, is no matter of accuracy."""
    exporter = IntegerExporter()
    anything = ExportOptions(max_accuracy_drop_pp=100)
    for shares, message in ((EXPECTED * np.nan, "nan"), (EXPECTED[:1], "inf")):
        exporter.export(shares, tmp_path)

        with pytest.raises(ExportError, match=f"differ by up to {message}"):
            check_parity(SAMPLE, [exporter], tmp_path, anything)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise RuntimeError('planted')", "RuntimeError: planted"),
        ("import kedro_nas\n" + PROGRAM, "AssertionError"),
    ],
)
def test_check_parity_of_a_program_that_fails_shows_its_last_line(
    tmp_path: Path, program: str, message: str
) -> None:
    """A reader needs a program that runs, and without this package."""
    exporter = TableExporter(program)
    exporter.export(EXPECTED, tmp_path)

    with pytest.raises(ExportError, match=message) as caught:
        check_parity(SAMPLE, [exporter], tmp_path, ExportOptions())
    assert "'table' cannot be loaded in a fresh process" in str(caught.value)


@pytest.mark.slow
def test_check_parity_of_another_network_raises(
    classifier: Any, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    """A real file with other weights is refused under its format's name."""
    exporter = LyingExporter()
    exporter.export(classifier, tmp_path)
    expected = predict_in_batches(classifier, pixels)
    sample = ParitySample(pixels, expected.argmax(-1), expected)

    with pytest.raises(ExportError, match="'lying' is not the model that was trained"):
        check_parity(sample, [exporter], tmp_path, ExportOptions())


@pytest.mark.slow
def test_predict_in_batches_joins_all_images_in_order(classifier: Any) -> None:
    """More images than a batch give the rows they would give alone."""
    many = np.random.default_rng(2).integers(0, 256, (70, 8, 8, 1), dtype=np.uint8)
    together = predict_in_batches(classifier, many)

    assert together.shape == (70, 2)
    np.testing.assert_allclose(
        together[68:], predict_in_batches(classifier, many[68:]), atol=1e-6
    )
