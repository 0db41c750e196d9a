"""Every built-in format, exported, reloaded in a fresh process and compared."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kedro_nas.data.layout import Layout
from kedro_nas.data.new_images import preprocessing_of
from kedro_nas.errors import ExportError
from kedro_nas.export.formats import (
    EXPORTERS,
    CalibratedExporter,
    Exporter,
    missing_packages,
    traits_of,
)
from kedro_nas.export.handover import exported_file, write_kit
from kedro_nas.export.parity import ParitySample, check_parity, predict_in_batches
from kedro_nas.models.averaged_predictions import average_predictions
from kedro_nas.models.build import build_model
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.space.registry import attention_names, block_names, find_block
from kedro_nas.testing.block_contract import change_weights

SHAPE = (9, 8, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (12, *SHAPE), dtype=np.uint8)
# a program that fails as it would on a device that has neither of these
WITHOUT_TENSORFLOW = """
import sys


class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "tensorflow", "kedro_nas"):
            raise ImportError(f"{name} is not on the device")


sys.meta_path.insert(0, Refusal())
"""
ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/how-to/devices.md").read_text()
PYPROJECT = (ROOT / "pyproject.toml").read_text()
FOR_DEVICES = ["litert", "litert_float16", "litert_dynamic", "litert_int8", "onnx"]


def ready(name: str) -> Exporter:
    """Return a format that is fitted to the pixels, or skip the test."""
    exporter = EXPORTERS[name]
    if missing := missing_packages(exporter):
        pytest.skip(f"needs {', '.join(missing)}")
    if isinstance(exporter, CalibratedExporter):
        return exporter.calibrated(PIXELS)
    return exporter


def network(block: str = "conv", attention: str = "none", width: int = 8) -> Any:
    """Build a small network whose weights are not those it begins with."""
    options = {name: values[-1] for name, values in find_block(block).options.items()}
    stage = Stage(
        block=block,
        depth=1,
        width=width,
        kernel_size=3,
        stride=2,
        attention=attention,
        options=tuple(sorted(options.items())),
    )
    architecture = Architecture(
        input_shape=SHAPE,
        n_classes=3,
        stem=Stem(width=8, kernel_size=3, stride=1),
        stages=(stage,),
    )
    model = build_model(architecture, mean=[120.0] * 3, std=[70.0] * 3, seed=0)
    change_weights(model, PIXELS.astype(np.float32))
    return model


def sample_of(model: Any) -> ParitySample:
    """Compare with the model's own decisions, as if all were right."""
    expected = predict_in_batches(model, PIXELS)
    return ParitySample(PIXELS, expected.argmax(-1), expected)


def _packages_of(extra: str) -> set[str]:
    """Return the import names of what an extra of pyproject.toml installs."""
    found = re.findall(rf"^{extra} = \[(.+)\]$", PYPROJECT, re.MULTILINE)
    names = re.findall(r'"([\w-]+)', "".join(found))
    return {name.replace("-", "_") for name in names}


class DeviceExporter:
    """A format whose program is run where TensorFlow cannot be imported."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter
        self.name, self.file_name = exporter.name, exporter.file_name
        self.traits = traits_of(exporter)

    def export(self, model: Any, folder: Path) -> Path:
        return self._exporter.export(model, folder)

    def snippet(self) -> str:
        return WITHOUT_TENSORFLOW + self._exporter.snippet()


@pytest.mark.parametrize("name", EXPORTERS)
def test_format_states_what_it_is_for_and_what_it_needs(name: str) -> None:
    """The model card and the message about a missing package have what they show."""
    exporter = EXPORTERS[name]
    traits = traits_of(exporter)

    assert exporter.name == name
    assert traits.purpose
    assert bool(traits.extra) == bool(traits.packages)
    assert "kedro_nas" not in exporter.snippet()
    compile(exporter.snippet(), name, "exec")


@pytest.mark.parametrize("name", EXPORTERS)
def test_manifest_lists_what_the_program_imports_and_no_more(name: str) -> None:
    """Who is handed a file installs its runtime, not what has written the file."""
    exporter = EXPORTERS[name]
    imported = {
        alias.partition(".")[0]
        for node in ast.walk(ast.parse(exporter.snippet()))
        for alias in _imported(node)
    }

    assert set(exported_file(exporter, name).packages) == imported - {"numpy"}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [one.name for one in node.names] if isinstance(node, ast.Import) else []


@pytest.mark.parametrize("name", EXPORTERS)
def test_page_on_devices_lists_the_format_as_it_is(name: str) -> None:
    """The table of the how-to names extra and limit; each extra exists."""
    traits = traits_of(EXPORTERS[name])
    (row,) = re.findall(rf"^\| `{name}` \| .+ \| .+ \|.*\|.*$", PAGE, re.MULTILINE)[:1]
    cells = [cell.strip(" `") for cell in row.strip("|").split("|")]
    limit = max(traits.max_difference, ExportOptions().parity_tolerance)

    assert cells[2] == traits.extra
    assert traits.is_judged_by_accuracy or float(cells[5]) == limit
    assert set(traits.packages) <= _packages_of(traits.extra)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTERS)
def test_format_written_from_a_plain_network_passes_the_comparison(
    name: str, tmp_path: Path
) -> None:
    """What is reloaded in a fresh process is the network, as far as it is stated."""
    exporter, model = ready(name), network()
    path = exporter.export(model, tmp_path)
    (row,) = check_parity(
        sample_of(model), [exporter], tmp_path, ExportOptions()
    ).values()

    assert path == tmp_path / exporter.file_name
    assert row.equal_decisions == 1.0
    assert row.bytes > 1000


def test_page_on_devices_shows_the_program_that_is_run() -> None:
    """What a reader copies from the how-to is the program of the comparison."""
    assert f"```python\n{EXPORTERS['litert'].snippet()}```\n" in PAGE


@pytest.mark.slow
def test_programs_of_devices_run_without_tensorflow_and_keras(tmp_path: Path) -> None:
    """A phone or board needs the runtime of the format and NumPy, and no more."""
    model = network()
    exporters = [DeviceExporter(ready(name)) for name in FOR_DEVICES]
    for each in exporters:
        each.export(model, tmp_path)
    found = check_parity(sample_of(model), exporters, tmp_path, ExportOptions())

    assert list(found) == FOR_DEVICES


@pytest.mark.slow
def test_examples_of_devices_classify_a_file_without_tensorflow_and_keras(
    tmp_path: Path,
) -> None:
    """The programs that are handed over, as they are, where Keras cannot be imported.

    Each names the class that the network itself gives that image.
    """
    model, exporters = network(), [ready(name) for name in FOR_DEVICES]
    contract = preprocessing_of(
        Layout(*SHAPE, "pad", 255), ["a", "b", "c"], 10**6, None
    )
    for each in exporters:
        each.export(model, tmp_path)
    write_kit(tmp_path, exporters, contract)
    Image.fromarray(PIXELS[0]).save(tmp_path / "image.png")
    program = WITHOUT_TENSORFLOW + (
        "import runpy\n"
        "for name in sys.argv[1:]:\n"
        "    sys.argv = [name, 'image.png']\n"
        "    runpy.run_path(f'classify_with_{name}.py')\n"
        "assert not {'keras', 'tensorflow', 'kedro_nas'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *FOR_DEVICES],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    best = "abc"[predict_in_batches(model, PIXELS[:1]).argmax()]

    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
    assert [(path, label) for path, label, _ in lines] == [("image.png", best)] * 5


@pytest.mark.slow
def test_program_that_needs_keras_is_found_out(tmp_path: Path) -> None:
    """The test above can fail: the `.keras` file cannot be read on such a device."""
    exporter = DeviceExporter(EXPORTERS["keras"])
    model = network()
    exporter.export(model, tmp_path)

    with pytest.raises(ExportError, match="keras is not on the device"):
        check_parity(sample_of(model), [exporter], tmp_path, ExportOptions())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["litert", "onnx"])
def test_averaged_predictions_keep_their_probabilities(
    name: str, tmp_path: Path
) -> None:
    """Shifted and mirrored views are part of the file."""
    exporter = ready(name)
    model = average_predictions(network(), shifts=True, flips=True)
    exporter.export(model, tmp_path)
    found = check_parity(sample_of(model), [exporter], tmp_path, ExportOptions())

    assert found[name].max_difference < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["litert_float16", "litert_dynamic"])
def test_formats_that_round_are_smaller_and_close(name: str, tmp_path: Path) -> None:
    """Rounded weights take less room and change the probabilities a little."""
    exact, rounded, model = ready("litert"), ready(name), network(width=96)
    exporters = [exact, rounded]
    for each in exporters:
        each.export(model, tmp_path)
    found = check_parity(sample_of(model), exporters, tmp_path, ExportOptions())

    assert found[name].bytes < 0.75 * found["litert"].bytes
    assert 1e-7 < found[name].max_difference < traits_of(rounded).max_difference


KINDS = [(block, "none") for block in block_names()] + [
    ("residual", attention) for attention in attention_names() if attention != "none"
]


@pytest.mark.slow
@pytest.mark.parametrize(("block", "attention"), KINDS)
def test_every_block_in_integers_stays_close(
    block: str, attention: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each operator of the vocabulary has an integer kernel that computes the same."""
    exporter, model = ready("litert_int8"), network(block, attention)
    exporter.export(model, tmp_path)
    monkeypatch.chdir(tmp_path)
    program: dict[str, Any] = {}
    exec(exporter.snippet(), program)
    found = program["predict"](PIXELS)
    expected = predict_in_batches(model, PIXELS)

    assert np.abs(found - expected).max() < 0.25
