"""`kedro_nas.export.classify_images`: new images, a row each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.export.plain_format import (
    OPTION,
    PlainExporter,
    write_exports,
    write_images,
)

from kedro_nas.data import chunks
from kedro_nas.errors import DataError, ExportError
from kedro_nas.export.classify_images import Predictions, predict_images
from kedro_nas.export.formats import FormatTraits
from kedro_nas.export.runtime_process import RuntimeProcess
from kedro_nas.parameters.prediction import PredictionOptions


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """Write a folder of exports."""
    return write_exports(tmp_path / "exports")


@pytest.fixture(autouse=True)
def _temporary_files_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test leave a table behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def predict(images: object, exports: Path, **options: object) -> Predictions:
    """Classify images with some options."""
    return predict_images(images, exports, PredictionOptions.model_validate(options))


def test_predict_images_gives_each_file_a_row(exports: Path, tmp_path: Path) -> None:
    """Class and probabilities, at any depth; a broken image has its reason instead."""
    found = predict(str(write_images(tmp_path / "new")), exports)
    table = pd.read_parquet(found.path)
    named = pq.read_table(found.path).to_pydict()

    assert table["file"].tolist() == ["a.png", "below/b.png", "c.jpg"]
    assert table["row"].tolist() == [0, 1, 2]
    assert named["class"] == ["dark", "light", None]
    assert table["probability"].tolist()[:2] == [1, 1]
    assert table["probability_light"].tolist()[:2] == [0, 1]
    assert table.loc[2, ["probability", "probability_dark"]].isna().all()
    assert named["fault"] == [None, None, "not an image that can be decoded"]
    assert found.by_class == {"dark": 1, "light": 1}
    assert found.by_fault == {"not an image that can be decoded": 1}
    assert found.n_images == 3
    assert "1 files without the suffix of an image" in found.notes[0]


def test_predict_images_in_parts_is_as_in_one(
    exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More images than are held at once are all classified, in their order."""
    pixels = np.random.default_rng(0).integers(0, 256, (50, 8, 8), np.uint8)
    whole = pd.read_parquet(predict(pixels, exports).path)
    monkeypatch.setattr(chunks, "_CHUNK_IMAGES", 7)
    parts = pd.read_parquet(predict(pixels, exports).path)

    assert len(parts) == 50
    assert parts.equals(whole)


@pytest.mark.parametrize(
    ("n_images", "uses_one_core", "n_expected"),
    [(3_000, True, 1), (4_000, True, 2), (10**6, True, 4), (10**6, False, 1)],
)
def test_predict_images_starts_a_process_per_core_where_that_is_faster(
    exports: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    n_images: int,
    uses_one_core: bool,
    n_expected: int,
) -> None:
    """Only many images, for a runtime of one core; a container has fewer cores."""
    traits = FormatTraits(uses_one_core=uses_one_core)
    monkeypatch.setattr(PlainExporter, "traits", traits, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4)), raising=False)
    listed = type("Listed", (), {"__len__": lambda _: n_images, "notes": []})()
    monkeypatch.setattr(
        "kedro_nas.data.new_images.list_new_images", lambda *_, **__: listed
    )
    started: list[RuntimeProcess] = []

    def stop(_: object, processes: list[RuntimeProcess], *__: object) -> None:
        started.extend(processes)
        raise DataError("enough", received="", allowed="", remedy="")

    monkeypatch.setattr("kedro_nas.export.table_of_images.write_table", stop)

    with pytest.raises(DataError, match="enough"):
        predict("folder", exports)
    assert len(started) == n_expected


def test_predict_images_of_which_none_can_be_used_are_rows(
    exports: Path, tmp_path: Path
) -> None:
    """Even then each has its reason."""
    (tmp_path / "new").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "new" / name).write_bytes(b"")
    found = predict(str(tmp_path / "new"), exports)

    assert found.by_fault == {"empty file": 2}
    assert pd.read_parquet(found.path)["class"].isna().all()


@pytest.mark.parametrize("is_averaged", [True, False])
def test_predict_images_averages_flips_once(
    tmp_path: Path, *, is_averaged: bool
) -> None:
    """A model that does so itself is not asked twice."""
    exports = write_exports(tmp_path / "averaged", averages_flips=is_averaged)
    pixels = np.zeros((1, 8, 8), np.uint8)
    pixels[:, :, :4] = 255
    found = predict(pixels, exports, average_flips=True)
    light = pd.read_parquet(found.path)["probability_light"].item()

    assert found.flips is not is_averaged
    assert light == (1.0 if is_averaged else 0.5)


def test_predict_images_takes_the_format_named(exports: Path) -> None:
    """A custom format is named as at the export."""
    pixels = np.zeros((1, 8, 8), np.uint8)

    assert predict(pixels, exports, format=OPTION).format == "plain"


def test_predict_images_of_a_format_that_was_not_exported_names_those_that_were(
    exports: Path,
) -> None:
    """The message is a list to choose from."""
    with pytest.raises(ExportError, match=f"Allowed: auto, {OPTION}"):
        predict(np.zeros((1, 8, 8), np.uint8), exports, format="onnx")


def test_predict_images_that_fail_leave_no_file(exports: Path, tmp_path: Path) -> None:
    """A runtime that fails on the way leaves no half table."""
    (exports / "plain.txt").write_text("no number")

    with pytest.raises(ExportError, match="could not convert string to float"):
        predict(np.zeros((1, 8, 8), np.uint8), exports)
    assert not list(tmp_path.glob("*.parquet"))


def test_predict_images_of_an_empty_folder_raises(
    exports: Path, tmp_path: Path
) -> None:
    """No table of nothing."""
    (tmp_path / "new").mkdir()

    with pytest.raises(DataError, match="has no images"):
        predict(str(tmp_path / "new"), exports)


def test_importing_predict_does_not_import_keras() -> None:
    """LiteRT files are used without TensorFlow."""
    program = (
        "import sys, kedro_nas.export.classify_images;"
        "assert not {'keras', 'tensorflow', 'kedro'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0
