"""`kedro nas predict`: new images from the shell."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io.core import DatasetError
from PIL import Image

from kedro_nas.errors import ParameterError
from kedro_nas.export.classify_images import Predictions
from kedro_nas.framework.commands.predict import (
    check_output,
    images_at,
    interpreter_for,
    keep,
    text_of,
)


def made(path: Path) -> Predictions:
    """Return what was found of 1,200 images."""
    return Predictions(
        path=path,
        format="litert",
        flips=False,
        n_images=1200,
        by_class={"cat": 1000, "dog": 199},
        by_fault={"empty file": 1},
        notes=("2 files without the suffix of an image were ignored.",),
        seconds=3.25,
    )


def test_text_counts_classes_and_faults_and_names_the_file() -> None:
    """What a person wants to know first."""
    found = made(Path("somewhere"))
    lines = text_of(found, "out.csv").splitlines()

    assert lines[0] == (
        "1,200 images classified with 'litert' in 3.2 s; 1 cannot be used:"
    )
    assert lines[1:3] == ["  1 x empty file", found.notes[0]]
    assert lines[4].split() == ["cat", "1,000"]
    assert lines[-1] == "Written to out.csv"


def test_interpreter_is_started_for_a_format_whose_program_is_known() -> None:
    """It imports what the program begins with; others are started later."""
    with interpreter_for("onnx") as interpreter:
        assert interpreter is not None
        arguments = list(map(str, interpreter.process.args))[3:]  # type: ignore[arg-type]

    assert arguments == ["numpy", "onnxruntime"]
    for format_ in (None, "no_format", "my_team.formats:Exporter"):
        with interpreter_for(format_) as none:
            assert none is None


def test_keep_deletes_the_temporary_table_when_it_cannot_be_saved(
    tmp_path: Path,
) -> None:
    """A catalog entry that refuses the table leaves no file behind."""

    def refuse(_: Path) -> None:
        raise DatasetError("no such bucket")

    search: Any = SimpleNamespace(
        name=str, catalog={"predictions": SimpleNamespace(save=refuse)}
    )
    found = made(tmp_path / "made.parquet")
    found.path.write_bytes(b"")

    with pytest.raises(DatasetError, match="no such bucket"):
        keep(found, search, None)
    assert not found.path.exists()


@pytest.mark.parametrize("name", [None, "a.csv", "b/a.parquet"])
def test_output_that_can_be_written_is_accepted(name: str | None) -> None:
    """Or none, for the catalog's own."""
    assert check_output(None if name is None else Path(name)) is None


def test_output_of_another_kind_is_refused_before_any_work() -> None:
    """The message names what is possible."""
    with pytest.raises(ParameterError, match=r"ends in \.parquet or \.csv"):
        check_output(Path("out.xlsx"))


def test_images_at_a_single_image_are_a_table_of_it(tmp_path: Path) -> None:
    """One photo is what is tried first."""
    path = tmp_path / "photo.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    frame: pd.DataFrame = images_at(str(path))

    assert frame["image"].tolist() == [str(path)]
    assert images_at(str(tmp_path)) == str(tmp_path)
