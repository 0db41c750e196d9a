"""`kedro_nas.export.fresh_process`: exported files outside this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kedro_nas.errors import ExportError
from kedro_nas.export.formats import FormatTraits
from kedro_nas.export.fresh_process import (
    ModelFiles,
    predict_in_fresh_processes,
    predict_of_models,
)

PIXELS = np.arange(70 * 4, dtype=np.uint8).reshape(70, 2, 2, 1)
# the number of the process stands for a probability
WHO = """
import os

import numpy


def predict(pixels):
    return numpy.full((len(pixels), 1), os.getpid())
"""


class ProgramExporter:
    """A format that is a program."""

    file_name = "nothing"

    def __init__(self, name: str, program: str, runtime: str = "") -> None:
        self.name = name
        self.traits = FormatTraits(runtime=runtime)
        self._program = program

    def export(self, model: Any, folder: Path) -> Path:
        return folder

    def snippet(self) -> str:
        return self._program


def run(folder: Path, *exporters: ProgramExporter) -> dict[str, Any]:
    """Return what the programs answer."""
    return predict_in_fresh_processes(exporters, folder, PIXELS)


def test_predict_in_fresh_processes_answers_for_each_image(tmp_path: Path) -> None:
    """More images than a batch come back in their order, from another process."""
    program = (
        "def predict(pixels):\n"
        "    assert len(pixels) <= 64\n"
        "    return pixels.reshape(len(pixels), -1)[:, :1] / 255\n"
    )
    found = run(tmp_path, ProgramExporter("first", program))["first"]

    np.testing.assert_array_equal(found, PIXELS[:, 0, 0] / 255)


def test_predict_in_fresh_processes_starts_one_for_each_runtime(tmp_path: Path) -> None:
    """Formats of the same runtime share a process, which is none of the others'."""
    found = run(
        tmp_path,
        ProgramExporter("a", WHO, runtime="lite"),
        ProgramExporter("alone", WHO),
        ProgramExporter("b", WHO, runtime="lite"),
        ProgramExporter("also alone", WHO),
    )
    process = {name: int(answers[0, 0]) for name, answers in found.items()}

    assert process["a"] == process["b"]
    assert len({*process.values(), os.getpid()}) == 4


def test_programs_of_one_process_do_not_see_each_other(tmp_path: Path) -> None:
    """A program that lacks its own `predict` does not use that of the one before."""
    with pytest.raises(ExportError, match="'second' cannot be loaded") as caught:
        run(
            tmp_path,
            ProgramExporter("first", WHO, runtime="lite"),
            ProgramExporter("second", "import os", runtime="lite"),
        )
    assert "KeyError: 'predict'" in str(caught.value)


def test_runtime_that_crashes_as_its_process_ends_is_named(tmp_path: Path) -> None:
    """All results are there, and the status of the process still counts."""
    crash = "\nimport atexit\n\natexit.register(os._exit, 7)\n"

    with pytest.raises(ExportError, match="'last' cannot be loaded"):
        run(
            tmp_path,
            ProgramExporter("first", WHO, runtime="lite"),
            ProgramExporter("last", WHO + crash, runtime="lite"),
        )


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise RuntimeError('planted')", "RuntimeError: planted"),
        ("import os\nos._exit(3)", "no message"),
        ("import kedro_nas\n" + WHO, "AssertionError"),
        ("import sys\nsys.exit('no such device')", "no such device"),
    ],
)
def test_program_that_fails_is_the_one_that_is_named(
    tmp_path: Path, program: str, reason: str
) -> None:
    """Of the files of a process, the one without a result; with its last line."""
    with pytest.raises(ExportError, match="'broken' cannot be loaded") as caught:
        run(
            tmp_path,
            ProgramExporter("whole", WHO, runtime="lite"),
            ProgramExporter("broken", program, runtime="lite"),
            ProgramExporter("later", WHO, runtime="lite"),
        )
    assert reason in str(caught.value)
    assert program.partition("\n")[0] in str(caught.value)


def test_files_of_several_models_share_the_process_of_their_runtime(
    tmp_path: Path,
) -> None:
    """Each is loaded from its own folder, and classifies the images of its model."""
    program = (
        "import os\n"
        "import numpy\n"
        "scale = float(open('scale.txt').read())\n"
        "def predict(pixels):\n"
        "    return numpy.array([[os.getpid(), scale * x.sum()] for x in pixels])\n"
    )
    models = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "scale.txt").write_text(str(number))
        pixels = np.full((number, 1, 1, 1), 10, np.uint8)
        exporter = ProgramExporter("lite", program, runtime="lite")
        models.append(ModelFiles(folder, [exporter], pixels))

    first, second = (found["lite"] for found in predict_of_models(models))

    assert first[:, 1].tolist() == [10.0]
    assert second[:, 1].tolist() == [20.0, 20.0]
    assert first[0, 0] == second[0, 0] != os.getpid()
