"""A format is found by its name or its path, and checked before it is used."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import ExportError
from kedro_nas.export.export import export_model
from kedro_nas.export.formats import EXPORTERS, find_exporters
from kedro_nas.parameters.export import FORMATS, ExportOptions
from kedro_nas.records.ranking import Choice
from kedro_nas.space.architecture import Architecture, Stage, Stem

# A package of somebody else: the weights as arrays, predicted with NumPy alone.
THEIRS = '''
import numpy as np

from kedro_nas.export.formats import FormatTraits


class NumpyExporter:
    """Writes `weights.npz` of a model that flattens its pixels into a dense layer."""

    name = "numpy"
    file_name = "weights.npz"

    def export(self, model, folder):
        kernel, bias = model.layers[-1].get_weights()
        np.savez(folder / self.file_name, kernel=kernel, bias=bias)
        return folder / self.file_name

    def snippet(self):
        return (
            "import numpy\\n"
            'weights = numpy.load("weights.npz")\\n'
            "\\n\\n"
            "def predict(pixels):\\n"
            "    flat = pixels.reshape(len(pixels), -1) / 255\\n"
            '    scores = flat @ weights["kernel"] + weights["bias"]\\n'
            "    shares = numpy.exp(scores - scores.max(axis=1, keepdims=True))\\n"
            "    return shares / shares.sum(axis=1, keepdims=True)\\n"
        )


class Unnamed(NumpyExporter):
    name = ""


class Elsewhere(NumpyExporter):
    file_name = "../weights.npz"


class NamedKeras(NumpyExporter):
    name = "keras"


class OverTheCard(NumpyExporter):
    file_name = "model_card.md"


class WithArguments(NumpyExporter):
    def __init__(self, opset):
        pass


class Lacking(NumpyExporter):
    name = "lacking"
    traits = FormatTraits(packages=("no_such_package",))


class Half:
    name = "half"
    file_name = "half.bin"
'''


@pytest.fixture(autouse=True)
def _their_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write the module `their_formats` where it can be imported."""
    folder = tmp_path / "their_package"
    folder.mkdir()
    (folder / "their_formats.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(str(folder))
    yield
    sys.modules.pop("their_formats", None)


def test_find_exporters_returns_each_in_the_order_of_its_name() -> None:
    """Built-in names and paths may be mixed."""
    found = find_exporters(["saved_model", "their_formats:NumpyExporter", "keras"])

    assert [exporter.name for exporter in found] == ["saved_model", "numpy", "keras"]


def test_formats_of_the_options_are_those_there_are() -> None:
    """What the options accept by name has an exporter, and no other."""
    assert tuple(EXPORTERS) == FORMATS


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["coreml"], "unknown export format"),
        (["their_formats:Missing"], "cannot import the export format"),
        (["their_formats:WithArguments"], "a class that is called without arguments"),
        (["their_formats:Half"], "a Half without export, snippet"),
        (["their_formats:Unnamed"], "name ''"),
        (["their_formats:Elsewhere"], "a file name without a folder"),
        (
            ["keras", "their_formats:NamedKeras"],
            "the name of an export format is taken",
        ),
        (["their_formats:Lacking"], "Run pip install no_such_package, or"),
        (["their_formats:OverTheCard"], "the file_name of an export format is taken"),
    ],
)
def test_find_exporters_of_an_unusable_one_says_why(
    names: list[str], message: str
) -> None:
    """A faulty exporter is refused before anything is written."""
    with pytest.raises(ExportError, match=message):
        find_exporters(names)


def test_find_exporters_without_the_packages_names_the_extras(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What has to be installed is told in one line, for all formats together."""
    monkeypatch.setattr("kedro_nas.export.formats.find_spec", {}.get)

    assert [each.name for each in find_exporters(["keras", "saved_model"])]
    with pytest.raises(ExportError) as caught:
        find_exporters(["keras", "litert", "litert_int8", "onnx"])
    assert "'litert', 'litert_int8', 'onnx' are missing" in str(caught.value)
    assert "Run pip install 'kedro-nas[litert,onnx]', or" in str(caught.value)


@pytest.mark.slow
def test_export_model_with_a_format_of_another_package_proves_it_equal(
    store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class outside the package is exported, compared and shown in the card."""
    import keras

    architecture = Architecture(
        input_shape=(8, 8, 1),
        n_classes=2,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=(Stage(block="conv", depth=1, width=8, kernel_size=3, stride=2),),
    )
    choice = Choice.read({
        "name": "linear",
        "key": architecture.key,
        "architecture": architecture.to_dict(),
        "is_baseline": False,
        "rule": "best_mean",
        "objective": "accuracy",
        "sentence": "",
        "full_epochs": 1,
        "plan": {"finalists": 1, "folds": 2, "repeats": 1, "epochs": 1},
    })  # fmt: skip
    layers = keras.layers
    model: Any = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    options = ExportOptions(formats=("their_formats:NumpyExporter",))
    folder = export_model(model, choice, ImageStore.open(store_folder), options)
    written = SimpleNamespace(
        parity=json.loads((folder / "parity.json").read_text()),
        card=(folder / "model_card.md").read_text(),
    )

    assert written.parity["numpy"]["max_difference"] < 1e-6
    assert written.parity["numpy"]["equal_decisions"] == 1.0
    assert "weights.npz" in written.card
    assert "| numpy | 30 |" in written.card
    assert "| 0.00 | 0.0001 |" in written.card
